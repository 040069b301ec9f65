import { generateKeyPairSync } from 'node:crypto'
import type { KeyPurpose } from '../../../services/auth/src/domain/key-life.ts'
import { toKeyContext } from '../../../services/auth/src/security/open-keys.ts'
import { makeSeal, type Seal } from '../../../services/auth/src/security/seal.ts'
import type { NewKey } from '../../../services/auth/src/store/keys.ts'

const masterSeal = makeSeal([Buffer.alloc(32, 7)])
const opened = new Map<string, Uint8Array>()

/** What all instances of all worlds have sealed their keys with; each is opened once a thread. */
export const seal: Seal = {
  ...masterSeal,
  unseal(sealed, context) {
    const name = `${context} ${Buffer.from(sealed).toString('latin1')}`
    const known = opened.get(name) ?? masterSeal.unseal(sealed, context)
    opened.set(name, known)
    return known
  },
}

/** The keys of one world. */
export interface WorldKeys {
  /** One of each purpose: those that the first instance finds none of. */
  readonly first: readonly NewKey[]
  /** As `Deps.makeKey`: the next that nobody knows. Rejects when a world has used up all. */
  readonly make: (purpose: KeyPurpose) => Promise<NewKey>
}

const numbers = Array.from({ length: 24 }, (_, at) => at + 1)
/** Made once for all worlds of a thread: making them takes real time, which does not pass in a world. */
const made: Readonly<Record<KeyPurpose, readonly NewKey[]>> = Object.freeze({
  signing: numbers.map(makeSigningKey),
  refresh: numbers.map((number) => makeSecretKey('refresh', number)),
  fingerprint: numbers.map((number) => makeSecretKey('fingerprint', 200 + number)),
})

/** Deals out the keys of a world: the same numbers for the same course of events. */
export function makeWorldKeys(): WorldKeys {
  const used: Record<KeyPurpose, number> = { signing: 0, refresh: 0, fingerprint: 0 }
  return {
    first: Object.values(made).flatMap(([key]) => key ?? []),
    make: async (purpose) => {
      const key = made[purpose][++used[purpose]]
      if (key === undefined) throw new Error(`a world has used up its ${purpose} keys`)
      return key
    },
  }
}

function makeSigningKey(number: number): NewKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const id = `k${number}`
  return {
    id,
    purpose: 'signing',
    algorithm: 'EdDSA',
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: 'EdDSA', use: 'sig' },
    sealed: seal.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), toKeyContext('signing', id)),
  }
}

function makeSecretKey(purpose: 'refresh' | 'fingerprint', number: number): NewKey {
  const id = number.toString(16).padStart(8, '0')
  const sealed = seal.seal(Buffer.alloc(32, number), toKeyContext(purpose, id))
  return { id, purpose, algorithm: 'HS256', publicJwk: undefined, sealed }
}

import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@immersiverse/auth-client/verifier'
import type { KeyPurpose } from '../domain/key-life.ts'
import type { NewKey } from '../store/keys.ts'
import { toKeyContext } from './open-keys.ts'
import type { Seal } from './seal.ts'

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const generate = promisify(generateKeyPair)

// In libuv's pool: an RSA key takes up to a second, and calls go on meanwhile.
const generators: Readonly<Record<SigningAlgorithm, () => Promise<KeyPair>>> = Object.freeze({
  ES256: () => generate('ec', { namedCurve: 'P-256' }),
  RS256: () => generate('rsa', { modulusLength: 3072 }),
  EdDSA: () => generate('ed25519'),
})

/** Makes a key that nobody knows yet, sealed; `algorithm` is for signing keys. */
export async function makeNewKey(
  purpose: KeyPurpose,
  algorithm: SigningAlgorithm,
  seal: Seal,
): Promise<NewKey> {
  return purpose === 'signing' ? await makeSigningKey(algorithm, seal) : makeSecretKey(purpose, seal)
}

async function makeSigningKey(algorithm: SigningAlgorithm, seal: Seal): Promise<NewKey> {
  const { privateKey, publicKey } = await generators[algorithm]()
  const id = makeKeyId()
  return {
    id,
    purpose: 'signing',
    algorithm,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
    sealed: seal.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), toKeyContext('signing', id)),
  }
}

/** What begins with a hyphen would be an option on a command line. */
function makeKeyId(): string {
  const id = randomBytes(12).toString('base64url')
  return id.startsWith('-') ? makeKeyId() : id
}

function makeSecretKey(purpose: 'refresh' | 'fingerprint', seal: Seal): NewKey {
  const id = randomBytes(4).toString('hex')
  const sealed = seal.seal(randomBytes(32), toKeyContext(purpose, id))
  return { id, purpose, algorithm: 'HS256', publicJwk: undefined, sealed }
}

import {
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { type KeySet, makeKeySet, type SigningAlgorithm } from '@immersiverse/auth-client/verifier'
import type { Database } from '../store/database.ts'
import { insertFirstKey, type KeyPurpose, listKeys, type NewKey, type StoredKey } from '../store/keys.ts'
import type { Seal } from './seal.ts'

/** A private key that signs access tokens. */
export interface SigningKey {
  readonly id: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
}

/** The two keys behind refresh tokens: one makes the token's secret, one authenticates the whole. */
export interface RefreshKey {
  readonly id: string
  readonly derivationKey: KeyObject
  readonly macKey: KeyObject
}

/** The keys of the service, as loaded at start. */
export interface KeyRing {
  readonly signing: SigningKey
  /** Public halves, for verifying and for `/.well-known/jwks.json`. */
  readonly keySet: KeySet
  readonly jwksJson: string
  readonly refresh: RefreshKey
  /** Older refresh keys too: a row may name one. */
  findRefreshKey(id: string): RefreshKey | undefined
  /** Keys hashes that must not be guessable, such as a mistyped identifier's. */
  readonly fingerprintKey: KeyObject
}

/**
 * Loads the keys, making the first ones where there are none. Instances that start together agree on what the database kept.
 * Throws SealError when the master key is not the one that sealed them.
 */
export async function loadKeyRing(
  database: Database,
  seal: Seal,
  algorithm: SigningAlgorithm,
): Promise<KeyRing> {
  const before = await listKeys(database.kysely)
  const isMissing = (purpose: KeyPurpose) => !before.some((key) => key.purpose === purpose && !key.retiredAt)
  if (isMissing('signing')) await insertFirstKey(database.kysely, makeSigningKey(seal, algorithm))
  for (const purpose of ['refresh', 'fingerprint'] as const) {
    if (isMissing(purpose)) await insertFirstKey(database.kysely, makeSecretKey(seal, purpose))
  }
  return toKeyRing(await listKeys(database.kysely), seal)
}

const generators: Readonly<Record<SigningAlgorithm, () => { privateKey: KeyObject; publicKey: KeyObject }>> =
  Object.freeze({
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
    EdDSA: () => generateKeyPairSync('ed25519'),
  })

function makeSigningKey(seal: Seal, algorithm: SigningAlgorithm): NewKey {
  const { privateKey, publicKey } = generators[algorithm]()
  const id = randomBytes(12).toString('base64url')
  return {
    id,
    purpose: 'signing',
    algorithm,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
    sealed: seal.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), toContext('signing', id)),
  }
}

function makeSecretKey(seal: Seal, purpose: 'refresh' | 'fingerprint'): NewKey {
  const id = randomBytes(4).toString('hex')
  const sealed = seal.seal(randomBytes(32), toContext(purpose, id))
  return { id, purpose, algorithm: 'HS256', publicJwk: undefined, sealed }
}

function toContext(purpose: KeyPurpose, id: string): string {
  return `key ${purpose} ${id}`
}

function toKeyRing(stored: readonly StoredKey[], seal: Seal): KeyRing {
  const open = (key: StoredKey) => seal.unseal(key.sealed, toContext(key.purpose, key.id))
  const current = (purpose: KeyPurpose) => {
    const key = stored.find((one) => one.purpose === purpose && !one.retiredAt)
    if (key === undefined) throw new Error(`no current ${purpose} key`)
    return key
  }
  const refreshKeys = new Map<string, RefreshKey>()
  for (const key of stored) {
    if (key.purpose === 'refresh') refreshKeys.set(key.id, toRefreshKey(key.id, open(key)))
  }
  const signing = current('signing')
  const jwksJson = JSON.stringify({ keys: stored.flatMap((key) => (key.publicJwk ? [key.publicJwk] : [])) })
  const refresh = refreshKeys.get(current('refresh').id)
  if (refresh === undefined) throw new Error('no current refresh key')
  return {
    signing: {
      id: signing.id,
      algorithm: signing.algorithm as SigningAlgorithm,
      privateKey: createPrivateKey({ key: Buffer.from(open(signing)), format: 'der', type: 'pkcs8' }),
    },
    keySet: makeKeySet(jwksJson),
    jwksJson,
    refresh,
    findRefreshKey: (id) => refreshKeys.get(id),
    fingerprintKey: createSecretKey(open(current('fingerprint'))),
  }
}

/** HKDF (RFC 5869) gives each use a key of its own. */
function toRefreshKey(id: string, secret: Uint8Array): RefreshKey {
  const derive = (use: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), `auth refresh ${use}`, 32)))
  return { id, derivationKey: derive('derivation'), macKey: derive('mac') }
}

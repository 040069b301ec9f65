import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto'
import { toSecret } from './reference/verify-signature.ts'

/** A key of the world, and how tokens are signed with it. */
export interface WorldKey {
  readonly keyId: string
  readonly algorithm: 'ES256' | 'RS256' | 'EdDSA'
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

/** Where inputs come from: keys made for the run, tokens signed by them, and what a good token says. */
export interface World {
  /** In the key set, in its order. */
  readonly keys: readonly WorldKey[]
  /** Of the same three kinds, in no key set. */
  readonly strangers: readonly WorldKey[]
  readonly jwksJson: string
  readonly maxLifetimeSeconds: number
  readonly nowSeconds: number
  readonly issuer: string
  readonly audience: string
  /** Good tokens; for each its key, header and claims. */
  readonly pool: readonly PoolToken[]
}

/** A good token and what it was made of. */
export interface PoolToken {
  readonly text: string
  readonly key: WorldKey
  readonly claims: Readonly<Record<string, unknown>>
}

/** When the world's tokens were issued, in Unix seconds. */
export const issuedAt = 1_800_000_000

const keyIds = ['k-es', 'k-ed', 'k-rs', 'K-ed', 'k-es2', 'k-rs2']
const kinds = ['ES256', 'EdDSA', 'RS256', 'EdDSA', 'ES256', 'RS256'] as const

/** Makes a world with `poolSize` good tokens, a third of each algorithm. */
export function makeWorld(poolSize = 240): World {
  const keys = kinds.map((kind, at) => makeKey(kind, keyIds[at] ?? ''))
  const strangers = (['ES256', 'EdDSA', 'RS256'] as const).map((kind, at) => makeKey(kind, keyIds[at] ?? ''))
  const pool = Array.from({ length: poolSize }, (_, at) =>
    makePoolToken(keys[at % keys.length] ?? keys[0], at),
  )
  return {
    keys,
    strangers,
    jwksJson: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }),
    maxLifetimeSeconds: 900,
    nowSeconds: issuedAt + 60,
    issuer: 'https://auth.example',
    audience: 'immersiverse',
    pool,
  }
}

/** Claims of a good token. */
export function makeClaims(at: number): Readonly<Record<string, unknown>> {
  return {
    iss: 'https://auth.example',
    aud: at % 3 === 0 ? ['chat', 'immersiverse'] : 'immersiverse',
    sub: randomUUID(),
    sid: randomUUID(),
    jti: randomUUID(),
    client_id: 'web',
    iat: issuedAt,
    exp: issuedAt + 600,
    ...(at % 4 === 0 && { nbf: issuedAt }),
    roles: at % 2 === 0 ? ['user'] : ['user', 'admin'],
    tier: at % 5 === 0 ? '' : 'PREMIUM',
    name: at % 7 === 0 ? '미나' : 'mina',
    tv: at,
  }
}

function makePoolToken(key: WorldKey | undefined, at: number): PoolToken {
  if (key === undefined) throw new Error('a world has keys')
  const claims = makeClaims(at)
  const text = signToken(JSON.stringify(toHeader(key)), JSON.stringify(claims), key)
  return { text, key, claims }
}

/** The header of a good token. */
export function toHeader(key: WorldKey): Readonly<Record<string, unknown>> {
  return { alg: key.algorithm, typ: 'at+jwt', kid: key.keyId }
}

/** Signs any header and payload: by the key's algorithm, or by any other name as an attacker would. */
export function signToken(
  header: string | Uint8Array,
  payload: string | Uint8Array,
  key: WorldKey,
  algorithm: string = key.algorithm,
): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${input}.${signBytes(Buffer.from(input), key, algorithm).toString('base64url')}`
}

/** A signature by any algorithm's name with that key; empty where the name is none, or the key cannot. */
export function signBytes(data: Buffer, { privateKey }: WorldKey, algorithm: string): Buffer {
  const digest = `sha${algorithm.slice(2)}`
  try {
    switch (algorithm.slice(0, 2)) {
      case 'ES':
        return sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      case 'RS':
        return sign(digest, data, privateKey)
      case 'PS':
        return sign(digest, data, { key: privateKey, ...pss })
      case 'HS':
        return createHmac(digest, toSecret(createPublicKey(privateKey)))
          .update(data)
          .digest()
      case 'Ed':
        return sign(null, data, privateKey)
      default:
        return Buffer.alloc(0)
    }
  } catch {
    return Buffer.alloc(0)
  }
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

function makeKey(algorithm: WorldKey['algorithm'], keyId: string): WorldKey {
  const { publicKey, privateKey } = makeKeyPair(algorithm)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: algorithm }
  return { keyId, algorithm, privateKey, jwk }
}

function makeKeyPair(algorithm: WorldKey['algorithm']): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
  }
}

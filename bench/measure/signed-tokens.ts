import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { type KeySet, makeKeySet, type SigningAlgorithm } from '@immersiverse/auth-client/verifier'

export const issuer = 'http://localhost:8080'
export const audience = 'immersiverse'

/** Access tokens of a key of their own, and what the bare signature check takes of them. */
export interface SignedTokens {
  readonly keys: KeySet
  readonly publicKey: KeyObject
  readonly tokens: readonly string[]
  /** Bytes that were signed, and the signature in the form that `crypto.verify` is fastest with. */
  readonly signed: readonly { readonly input: Buffer; readonly signature: Buffer }[]
  /** For `crypto.verify`. */
  readonly digest: 'sha256' | null
}

/** Makes tokens of users, sessions and ids of their own that live for an hour. */
export function makeSignedTokens(algorithm: SigningAlgorithm, count: number): SignedTokens {
  const { privateKey, publicKey } = makeKeyPair(algorithm)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: algorithm, use: 'sig' }
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const inputs = Array.from({ length: count }, () => Buffer.from(toInput(algorithm)))
  return {
    keys: makeKeySet(JSON.stringify({ keys: [jwk] })),
    publicKey,
    digest,
    tokens: inputs.map((input) => {
      const signature = sign(digest, input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${input}.${signature.toString('base64url')}`
    }),
    signed: inputs.map((input) => ({ input, signature: sign(digest, input, privateKey) })),
  }
}

function makeKeyPair(algorithm: SigningAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return generateKeyPairSync('ed25519')
}

function toInput(alg: SigningAlgorithm): string {
  const iat = Math.floor(Date.now() / 1000)
  const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() }
  const times = { iat, exp: iat + 3600 }
  const rest = { client_id: 'web', roles: [], tier: 'FREE', name: 'mina', tv: 1 }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg, typ: 'at+jwt', kid: 'k' })}.${part({ iss: issuer, aud: audience, ...ids, ...times, ...rest })}`
}

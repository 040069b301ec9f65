import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { SigningAlgorithm } from '../verifier/index.ts'

/** Signs tokens for tests, well-formed and otherwise. */
export interface Issuer {
  readonly keyId: string
  readonly algorithm: SigningAlgorithm
  readonly jwk: Record<string, unknown>
  readonly jwksJson: string
  /** A good token, with members of claims and header replaced; `undefined` removes one. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): string
  /** Any payload under any header, signed correctly. */
  signRaw(headerText: string, payload: string | Uint8Array): string
}

/** When the tokens of `goodClaims` were issued, in Unix seconds. */
export const issuedAt = 1_800_000_000

export const goodClaims = Object.freeze({
  iss: 'http://localhost:8080',
  aud: 'immersiverse',
  sub: '01890000-0000-7000-8000-000000000001',
  sid: '01890000-0000-7000-8000-000000000002',
  jti: '01890000-0000-7000-8000-000000000003',
  client_id: 'web',
  iat: issuedAt,
  exp: issuedAt + 600,
  roles: ['user'],
  tier: 'FREE',
  name: 'mina',
  tv: 1,
})

/** Makes an issuer with a fresh key. */
export function makeIssuer(algorithm: SigningAlgorithm = 'ES256', keyId = 'k1'): Issuer {
  const { publicKey, privateKey } = makeKeyPair(algorithm)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: algorithm }
  const signRaw = (headerText: string, payload: string | Uint8Array): string => {
    const input = `${toBase64url(headerText)}.${toBase64url(payload)}`
    return `${input}.${signBytes(algorithm, privateKey, Buffer.from(input)).toString('base64url')}`
  }
  return {
    keyId,
    algorithm,
    jwk,
    jwksJson: JSON.stringify({ keys: [jwk] }),
    signRaw,
    sign: (claims = {}, header = {}) =>
      signRaw(
        JSON.stringify({ alg: algorithm, typ: 'at+jwt', kid: keyId, ...header }),
        JSON.stringify({ ...goodClaims, ...claims }),
      ),
  }
}

/** Base64url without padding of text or bytes. */
export function toBase64url(source: string | Uint8Array): string {
  return Buffer.from(source).toString('base64url')
}

function makeKeyPair(algorithm: SigningAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
  }
}

function signBytes(algorithm: SigningAlgorithm, key: KeyObject, data: Buffer): Buffer {
  if (algorithm === 'EdDSA') return sign(null, data, key)
  return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' })
}

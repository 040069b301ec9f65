import { constants } from 'node:crypto'

/** How a signature algorithm verifies, and which keys are its own. */
export interface AlgorithmFacts {
  /** `kty` and, where there are several curves, `crv` of its keys (RFC 7518 §6, RFC 8037 §2). */
  readonly keyType: 'EC' | 'RSA' | 'OKP'
  readonly curve?: string
  /** By the names of OpenSSL; null where the algorithm hashes by itself. */
  readonly digest: string | null
  /** What `crypto.verify` has to be told beside the key. */
  readonly options?: { readonly dsaEncoding: 'ieee-p1363' } | typeof pss
}

// RFC 7518 §3.5: the salt is as long as the digest.
const pss = Object.freeze({
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
})
const p1363 = Object.freeze({ dsaEncoding: 'ieee-p1363' as const })

/**
 * Every signature algorithm that can be verified: all with public keys of RFC 7518 §3, and EdDSA with Ed25519 of RFC 8037 §3.1. None of
 * them is accepted because it stands here: each verifier and each key set has a list of its own (RFC 8725 §3.1).
 */
export const signatureAlgorithms = Object.freeze({
  ES256: { keyType: 'EC', curve: 'P-256', digest: 'sha256', options: p1363 },
  ES384: { keyType: 'EC', curve: 'P-384', digest: 'sha384', options: p1363 },
  ES512: { keyType: 'EC', curve: 'P-521', digest: 'sha512', options: p1363 },
  RS256: { keyType: 'RSA', digest: 'sha256' },
  RS384: { keyType: 'RSA', digest: 'sha384' },
  RS512: { keyType: 'RSA', digest: 'sha512' },
  PS256: { keyType: 'RSA', digest: 'sha256', options: pss },
  PS384: { keyType: 'RSA', digest: 'sha384', options: pss },
  PS512: { keyType: 'RSA', digest: 'sha512', options: pss },
  EdDSA: { keyType: 'OKP', curve: 'Ed25519', digest: null },
} as const satisfies Record<string, AlgorithmFacts>)

/** An algorithm that can be verified. */
export type SignatureAlgorithm = keyof typeof signatureAlgorithms

/** The algorithms that access tokens of this service may be signed with (contract §5). */
export const signingAlgorithms = Object.freeze([
  'ES256',
  'RS256',
  'EdDSA',
] as const satisfies readonly SignatureAlgorithm[])

/** An algorithm that access tokens may be signed with. */
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

import { constants, createHmac, type KeyObject, verify } from 'node:crypto'

/**
 * Whether the signature is the key's by the algorithm that the token names: for the three that are allowed what node:crypto says, and for the
 * others what a careless verifier would do.
 */
export function verifySignature(algorithm: string, key: KeyObject, data: Buffer, signature: Buffer): boolean {
  try {
    if (algorithm.toLowerCase() === 'none') return signature.length === 0
    const bits = algorithm.slice(2)
    switch (algorithm.slice(0, 2)) {
      case 'ES':
        return verify(`sha${bits}`, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
      case 'RS':
        return verify(`sha${bits}`, data, key, signature)
      case 'PS':
        return verify(`sha${bits}`, data, { key, ...pss }, signature)
      case 'HS':
        return createHmac(`sha${bits}`, toSecret(key)).update(data).digest().equals(signature)
      case 'Ed':
        return verify(null, data, key, signature)
      default:
        return false
    }
  } catch {
    return false
  }
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

/** What a careless verifier takes for the secret: the public key's text. */
export function toSecret(key: KeyObject): string | Buffer {
  return key.export({ format: 'pem', type: 'spki' })
}

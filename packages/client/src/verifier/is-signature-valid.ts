import { verify } from 'node:crypto'
import type { VerificationKey } from './make-key-set.ts'
import { type AlgorithmFacts, signatureAlgorithms } from './signature-algorithms.ts'
import { toDerSignature } from './to-der-signature.ts'

/** Whether `signature` is the key's over `data`, by the one algorithm the key is bound to. Never throws for bad signatures. */
export function isSignatureValid(key: VerificationKey, data: Uint8Array, signature: Uint8Array): boolean {
  switch (key.algorithm) {
    case 'ES256': {
      // Measured on Node 24: a bare KeyObject with DER takes 101 µs, `dsaEncoding: 'ieee-p1363'` 153 µs.
      const der = toDerSignature(signature)
      return der !== undefined && verify('sha256', data, key.publicKey, der)
    }
    case 'RS256':
      return verify('sha256', data, key.publicKey, signature)
    case 'EdDSA':
      return signature.length === 64 && verify(null, data, key.publicKey, signature)
    default: {
      const { digest, options }: AlgorithmFacts = signatureAlgorithms[key.algorithm]
      return verify(digest, data, { key: key.publicKey, ...options }, signature)
    }
  }
}

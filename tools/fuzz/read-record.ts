import { fromBinary, fromJson } from '@bufbuild/protobuf'
import { RevocationSchema } from '@immersiverse/auth-contract'
import { toRevocation } from '../../packages/client/src/grpc/to-revocation.ts'
import { isRevocationEntry } from '../../packages/client/src/verifier/is-revocation-entry.ts'
import { type Revocation, RevocationDoubt } from '../../packages/client/src/verifier/revocation.ts'

/**
 * Reads a revocation as it comes over gRPC and in Kafka's `application/protobuf` (bytes), or in Kafka's `application/json`; undefined where it
 * is a doubt: the codec refuses it, `toRevocation` does, or it cannot be judged.
 */
export function readRecord(encoding: 'binary' | 'json', bytes: Uint8Array): Revocation | undefined {
  const message = decode(encoding, bytes)
  if (message === undefined) return undefined
  try {
    const record = toRevocation(message)
    return isRevocationEntry(record) ? record : undefined
  } catch (error) {
    if (error instanceof RevocationDoubt) return undefined
    throw error
  }
}

/** What the codec makes of it; its errors are refusals, whatever their class. */
function decode(encoding: 'binary' | 'json', bytes: Uint8Array) {
  try {
    if (encoding === 'binary') return fromBinary(RevocationSchema, bytes)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return fromJson(RevocationSchema, JSON.parse(text), { ignoreUnknownFields: true })
  } catch {
    return undefined
  }
}

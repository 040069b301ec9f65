import { revocationRecords } from '@immersiverse/auth-contract'
import { decodeRevocationRecord } from '../../packages/client/src/events/decode-revocation-record.ts'
import { isRevocationEntry } from '../../packages/client/src/verifier/is-revocation-entry.ts'
import { type Revocation, RevocationDoubt } from '../../packages/client/src/verifier/revocation.ts'

const mediaTypes = { binary: 'application/protobuf', json: 'application/json' } as const

/**
 * Reads a revocation as it comes from Kafka in one of its encodings, the binary one being that of gRPC too; undefined where it is a doubt: the
 * decoder refuses it, or it cannot be judged.
 */
export function readRecord(encoding: 'binary' | 'json', bytes: Uint8Array): Revocation | undefined {
  const headers = [
    [Buffer.from('ce_type'), Buffer.from(revocationRecords.revocation.type)],
    [Buffer.from('content-type'), Buffer.from(mediaTypes[encoding])],
  ] as const
  try {
    const record = decodeRevocationRecord({ offset: 0n, key: null, headers, value: Buffer.from(bytes) })
    return record.kind === 'revocation' && isRevocationEntry(record) ? record : undefined
  } catch (error) {
    if (error instanceof RevocationDoubt) return undefined
    throw error
  }
}

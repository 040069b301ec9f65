import { fromBinary, fromJson } from '@bufbuild/protobuf'
import { revocationRecords } from '@immersiverse/auth-contract'
import { toHeartbeat, toRevocation } from '../grpc/to-revocation.ts'
import { type Heartbeat, type Revocation, RevocationDoubt } from '../verifier/revocation.ts'
import type { PartitionRecord } from './partition-record.ts'

const mediaTypes = ['application/json', 'application/protobuf'] as const

/**
 * A record of the topic of revocations (contract §4: CloudEvents in binary mode, JSON or protobuf by its content type; fields that are not
 * known are ignored). Throws RevocationDoubt UNREADABLE_RECORD for anything that is not one.
 */
export function decodeRevocationRecord(record: PartitionRecord): Revocation | Heartbeat {
  const type = findHeader(record, 'ce_type')
  const mediaType = findHeader(record, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  const found = mediaTypes.find((one) => one === mediaType)
  const { revocation, heartbeat } = revocationRecords
  try {
    if (found === undefined) throw new TypeError(`its content type is ${mediaType}`)
    if (type === revocation.type) return toRevocation(decode(revocation.schema, found, record))
    if (type === heartbeat.type) return toHeartbeat(decode(heartbeat.schema, found, record))
    throw new TypeError(`its type is ${type}`)
  } catch (cause) {
    if (cause instanceof RevocationDoubt) throw cause
    throw new RevocationDoubt('UNREADABLE_RECORD', `the record at offset ${record.offset} is not readable`, {
      cause,
    })
  }
}

type Schema = (typeof revocationRecords)[keyof typeof revocationRecords]['schema']

function decode<S extends Schema>(
  schema: S,
  mediaType: (typeof mediaTypes)[number],
  { value }: PartitionRecord,
) {
  if (value === null) throw new TypeError('it has no value')
  if (mediaType === 'application/protobuf') return fromBinary(schema, value)
  const text = new TextDecoder('utf-8', { fatal: true }).decode(value)
  return fromJson(schema, JSON.parse(text), { ignoreUnknownFields: true })
}

function findHeader({ headers }: PartitionRecord, name: string): string | undefined {
  return headers.find(([key]) => key?.toString() === name)?.[1]?.toString()
}

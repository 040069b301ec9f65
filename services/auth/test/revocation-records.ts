import type { TestContext } from 'node:test'
import { create, fromBinary, fromJsonString, type MessageInitShape, toJsonString } from '@bufbuild/protobuf'
import { timestampDate } from '@bufbuild/protobuf/wkt'
import { RevocationHeartbeatSchema, RevocationSchema, revocationRecords } from '@immersiverse/auth-contract'
import { Admin, Producer } from '@platformatic/kafka'
import { openPartitionReader } from '../../../packages/client/src/events/open-partition-reader.ts'

/** A record of the topic of revocations, read without the client's decoder. */
export interface RevocationRecord {
  readonly headers: Readonly<Record<string, string>>
  readonly key: string
  readonly offset: bigint
  /** One of them is there. */
  readonly revocation?: { readonly epoch: string; readonly rseq: number; readonly subject: string }
  readonly heartbeat?: {
    readonly epoch: string
    readonly term: number
    readonly rseqHi: number
    readonly asOf: Date
    readonly intervalMs: number
  }
}

/** Everything that stands on a topic of revocations now. */
export async function readRevocationRecords(brokers: string, topic: string): Promise<RevocationRecord[]> {
  const reader = await openPartitionReader(
    { brokers: brokers.split(',') },
    topic,
    new AbortController().signal,
  )
  const records: RevocationRecord[] = []
  try {
    if (reader.begin === reader.end) return records
    for await (const { headers, key, offset, value } of reader.read(reader.begin)) {
      const named = Object.fromEntries(headers.map(([name, text]) => [String(name), String(text)]))
      const body = value === null || value.length === 0 ? {} : toBody(named, value)
      records.push({ headers: named, key: String(key), offset, ...body })
      if (offset + 1n === reader.end) break
    }
    return records
  } finally {
    await reader[Symbol.asyncDispose]()
  }
}

function toBody(
  headers: Record<string, string>,
  value: Buffer,
): Pick<RevocationRecord, 'revocation' | 'heartbeat'> {
  const isJson = headers['content-type'] === 'application/json'
  if (headers.ce_type === revocationRecords.revocation.type) {
    const message = isJson
      ? fromJsonString(RevocationSchema, value.toString())
      : fromBinary(RevocationSchema, value)
    const { epoch, rseq, subject } = message
    return { revocation: { epoch, rseq: Number(rseq), subject } }
  }
  const message = isJson
    ? fromJsonString(RevocationHeartbeatSchema, value.toString())
    : fromBinary(RevocationHeartbeatSchema, value)
  const { epoch, term, rseqHi, asOf, intervalMs } = message
  if (asOf === undefined) throw new Error('a heartbeat without as_of')
  return {
    heartbeat: { epoch, term: Number(term), rseqHi: Number(rseqHi), asOf: timestampDate(asOf), intervalMs },
  }
}

/** Somebody else who may write to the topic: a fault, an old leader. */
export interface RevocationWriter {
  readonly admin: Admin
  /** A record with any value. */
  sendRaw(value: string, headers?: Readonly<Record<string, string>>): Promise<void>
  sendHeartbeat(heartbeat: MessageInitShape<typeof RevocationHeartbeatSchema>): Promise<void>
}

/** Opens a writer that is closed after the test. */
export function openRevocationWriter(t: TestContext, brokers: string, topic: string): RevocationWriter {
  const options = { clientId: 'test', bootstrapBrokers: brokers.split(',') }
  const producer = new Producer(options)
  const admin = new Admin(options)
  t.after(() => Promise.all([producer.close(true), admin.close()]))
  const sendRaw: RevocationWriter['sendRaw'] = async (value, headers = {}) => {
    const pairs = Object.entries(headers).map(
      ([name, text]) => [Buffer.from(name), Buffer.from(text)] as const,
    )
    const message = { topic, partition: 0, value: Buffer.from(value), headers: new Map(pairs) }
    await producer.send({ messages: [message] })
  }
  return {
    admin,
    sendRaw,
    sendHeartbeat: (heartbeat) =>
      sendRaw(toJsonString(RevocationHeartbeatSchema, create(RevocationHeartbeatSchema, heartbeat)), {
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_type: revocationRecords.heartbeat.type,
      }),
  }
}

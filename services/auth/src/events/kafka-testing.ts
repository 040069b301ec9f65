import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { Consumer } from '@platformatic/kafka'
import type { Database } from '../store/database.ts'
import { listOutbox } from '../store/outbox-testing.ts'
import { openKafkaSink } from './kafka-sink.ts'
import type { EventsLog } from './log.ts'
import type { EventSink } from './sink.ts'
import { silentLog } from './testing.ts'

/** A record as a reader sees it. */
export interface Received {
  topic: string
  partition: number
  key: string
  value: string
  headers: Record<string, string>
}

/** Everything on some topics, in the order in which a consumer gets it. */
export async function readTopics(brokers: string, topics: string[]): Promise<Received[]> {
  const consumer = new Consumer({
    clientId: 'test',
    groupId: randomUUID(),
    bootstrapBrokers: brokers.split(','),
  })
  const received: Received[] = []
  try {
    const offsets = await consumer.listOffsets({ topics })
    let left = 0n
    for (const ends of offsets.values()) for (const end of ends) left += end
    if (left === 0n) return []
    const stream = await consumer.consume({ topics, mode: 'earliest', autocommit: false, maxWaitTime: 100 })
    for await (const { topic, partition, key, value, headers } of stream) {
      received.push({
        topic,
        partition,
        key: key.toString(),
        value: value.toString(),
        headers: Object.fromEntries([...headers].map(([name, text]) => [String(name), String(text)])),
      })
      left -= 1n
      if (left === 0n) break
    }
  } finally {
    await consumer.close(true)
  }
  return received
}

/** What an independent reader may see: every event, its bytes, each user's in order on each topic, repetitions only. */
export function assertRecords(received: readonly Received[], committed: ReadonlyMap<string, string>): void {
  const seen = new Set<string>()
  const partitions = new Map<string, number>()
  const last = new Map<string, number>()
  for (const { topic, partition, key, value, headers } of received) {
    const { ce_id: id = '', ce_usersequence: sequence, ce_topicprevious: previous } = headers
    assert.equal(value, committed.get(id), 'O3 the bytes that were committed')
    assert.equal(partitions.get(key) ?? partition, partition, 'O6 one key, one partition')
    partitions.set(key, partition)
    if (seen.has(id)) continue
    seen.add(id)
    assert.equal(Number(previous), last.get(`${topic} ${key}`) ?? 0, 'O4 O5 new ones follow the last')
    last.set(`${topic} ${key}`, Number(sequence))
  }
  assert.equal(seen.size, committed.size, 'O2 every committed event')
}

/** The first record of each event. */
export function withoutRepetitions(received: readonly Received[]): Received[] {
  const first = new Map<string | undefined, Received>()
  for (const record of received) if (!first.has(record.headers.ce_id)) first.set(record.headers.ce_id, record)
  return [...first.values()]
}

/** A sink with a topic prefix of its own. */
export function openTestSink(
  t: TestContext,
  brokers: string,
  log: EventsLog = silentLog,
): { readonly sink: EventSink; readonly topicPrefix: string } {
  const topicPrefix = `t${randomBytes(4).toString('hex')}`
  const sink = openKafkaSink({
    connection: { brokers: brokers.split(',') },
    topicPrefix,
    retentionMs: 86_400_000,
    source: 'https://auth.test',
    log,
  })
  t.after(() => sink.close())
  return { sink, topicPrefix }
}

/** Whether all events are marked as published. */
export async function isAllPublished(database: Database): Promise<boolean> {
  return (await listOutbox(database)).every((row) => row.published_at !== null)
}

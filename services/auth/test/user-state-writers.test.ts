import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { toUserStateTopic } from '@immersiverse/auth-contract'
import { Admin, ConfigResourceTypes, Producer } from '@platformatic/kafka'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import type { UserId } from '../src/domain/ids.ts'
import { openKafkaUserStateSink } from '../src/events/kafka-user-state-sink.ts'
import { silentLog } from '../src/events/testing.ts'
import { until } from '../src/store/outbox-testing.ts'
import type { UserState } from '../src/store/user-states.ts'
import { findKcatSkip, readBytesWithKcat } from './kafka-reader.ts'
import { toUniqueName } from './open-test-auth.ts'

const skip = await findKcatSkip()
const { signal } = new AbortController()
const epoch = '1.1.1'
const userId = randomUUID() as UserId

function openSink(
  t: TestContext,
  brokers: string,
  topicPrefix: string,
  encoding: 'json' | 'protobuf' = 'json',
) {
  const sink = openKafkaUserStateSink({
    connection: { brokers: brokers.split(',') },
    topicPrefix,
    source: 'https://auth.test',
    encoding,
    newId: randomUUID,
    log: silentLog,
  })
  t.after(() => sink.close())
  return sink
}

function toState(version: number, isDeleted = false): UserState {
  const at = new Date()
  const user = { username: 'u', displayName: 'd', status: 'ACTIVE', roles: [], subscriptionTier: '' } as const
  return { userId, version, updatedAt: at, user: isDeleted ? undefined : { ...user, createdAt: at } }
}

/** Begins a topic. Brokers refuse one that was made a moment before, without having written anything; the relay asks again, too. */
async function beginTopic(sink: ReturnType<typeof openSink>, first: UserState): Promise<void> {
  await until(async () => {
    try {
      await sink.takeOver(signal)
      await sink.publish([first], epoch, signal)
      return true
    } catch (error) {
      if (!String(error).includes('Unknown topic')) throw error
      return false
    }
  })
}

/** Versions of the user's records that were committed, in order. */
async function readVersions(brokers: string, topic: string): Promise<(string | undefined)[]> {
  const records = await readBytesWithKcat(brokers, topic)
  return records.filter(({ key }) => key === userId).map(({ headers }) => headers.ce_userversion)
}

test('a writer that was replaced can write nothing behind a tombstone', { skip }, async (t) => {
  const kafka = await requireTestKafka(t)
  if (!kafka) return
  const prefix = toUniqueName('t')
  const [old, current] = [openSink(t, kafka.brokers, prefix), openSink(t, kafka.brokers, prefix)]
  await beginTopic(old, toState(1))
  await old.publish([toState(2)], epoch, signal)
  await current.takeOver(signal)
  await current.publish([toState(3, true)], epoch, signal)
  await assert.rejects(old.publish([toState(2)], epoch, signal))
  await assert.rejects(old.publish([toState(2)], epoch, signal), /was not taken over/)
  await current.beat({ epoch, term: 2, hi: 3, asOf: new Date(), intervalMs: 500 }, signal)
  assert.deepEqual(await readVersions(kafka.brokers, toUserStateTopic(prefix)), ['1', '2', '3'])
})

test('what a writer left open is never read, and holds nobody up', { skip }, async (t) => {
  const kafka = await requireTestKafka(t)
  if (!kafka) return
  const prefix = toUniqueName('t')
  const topic = toUserStateTopic(prefix)
  const sink = openSink(t, kafka.brokers, prefix)
  await beginTopic(sink, toState(1))
  const stopped = new Producer({
    clientId: 'test',
    bootstrapBrokers: kafka.brokers.split(','),
    idempotent: true,
    transactionalId: `${topic}-0`,
    producerId: -1n,
    producerEpoch: -1,
  })
  t.after(() => stopped.close(true).catch(() => undefined))
  const open = await stopped.beginTransaction({ producerId: -1n, producerEpoch: -1 })
  const headers = { ce_userversion: 'never' }
  const late = { topic, key: Buffer.from(userId), value: Buffer.from('late'), partition: 0 }
  await open.send({
    messages: Array.from({ length: 12 }, (_, partition) => ({
      ...late,
      headers: toBuffers(headers),
      partition,
    })),
  })
  await sink.takeOver(signal)
  await sink.publish([toState(2)], epoch, signal)
  assert.deepEqual(await readVersions(kafka.brokers, topic), ['1', '2'])
  await assert.rejects(open.commit())
})

function toBuffers(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]))
}

test('the topic of users is compacted, and keeps tombstones for a week', async (t) => {
  const kafka = await requireTestKafka(t)
  if (!kafka) return
  const prefix = toUniqueName('t')
  await openSink(t, kafka.brokers, prefix).takeOver(signal)
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.brokers.split(',') })
  t.after(() => admin.close())
  const topic = toUserStateTopic(prefix)
  const configurationKeys = ['cleanup.policy', 'delete.retention.ms']
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys }
  const [described] = await admin.describeConfigs({ resources: [resource] })
  assert.deepEqual(Object.fromEntries(described?.configs.map(({ name, value }) => [name, value]) ?? []), {
    'cleanup.policy': 'compact',
    'delete.retention.ms': '604800000',
  })
  const metadata = await admin.metadata({ topics: [topic] })
  assert.equal(metadata.topics.get(topic)?.partitionsCount, 12)
})

test('the last heartbeat is found behind states, in any encoding, and none on a new topic', async (t) => {
  const kafka = await requireTestKafka(t)
  if (!kafka) return
  const prefix = toUniqueName('t')
  const sink = openSink(t, kafka.brokers, prefix)
  // Brokers refuse a topic that was made a moment before; the relay asks again, too.
  const looks = async () => ({ found: await sink.findLastHeartbeat(signal) })
  let look: Awaited<ReturnType<typeof looks>> | undefined
  await until(async () => {
    look = await looks().catch(() => undefined)
    return look !== undefined
  })
  assert.deepEqual(look, { found: undefined })
  for (const [term, encoding] of [[3, 'json'] as const, [4, 'protobuf'] as const]) {
    const writer = openSink(t, kafka.brokers, prefix, encoding)
    await writer.takeOver(signal)
    await writer.beat({ epoch, term: 1, hi: 1, asOf: new Date(), intervalMs: 500 }, signal)
    await writer.beat({ epoch, term, hi: 42, asOf: new Date(), intervalMs: 500 }, signal)
    await writer.publish([toState(1), toState(2)], epoch, signal)
    assert.deepEqual(await sink.findLastHeartbeat(signal), { epoch, term, hi: 42 })
  }
})

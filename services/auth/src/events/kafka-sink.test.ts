import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, type TestContext, test } from 'node:test'
import { fromJson } from '@bufbuild/protobuf'
import { LoginFailureReason, LoginSucceededSchema, toTopic } from '@immersiverse/auth-contract'
import { Admin, ConfigResourceTypes, Consumer } from '@platformatic/kafka'
import { type KafkaPart, openKafka } from '../../../../tools/parts/open-kafka.ts'
import type { Database } from '../store/database.ts'
import { openKafkaSink } from './kafka-sink.ts'
import type { EventsLog } from './log.ts'
import { toPartitionHash } from './murmur2.ts'
import {
  insertTestUser,
  makeTestWrite,
  openTestPostgres,
  openTestRelay,
  origin,
  silentLog,
  toLoginSucceeded,
  toUserUpdated,
  until,
  wallClock,
} from './testing.ts'

let kafka: KafkaPart
before(async () => {
  kafka = await openKafka()
})
after(() => kafka.close())

interface Received {
  topic: string
  partition: number
  key: string
  value: string
  headers: Record<string, string>
}

/** Everything on the topics of a prefix. */
async function readTopics(topics: string[]): Promise<Received[]> {
  const consumer = new Consumer({
    clientId: 'test',
    groupId: randomUUID(),
    bootstrapBrokers: [kafka.brokers],
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

function openTestSink(
  t: TestContext,
  log: EventsLog = silentLog,
  topicPrefix = `t${randomBytes(4).toString('hex')}`,
) {
  const sink = openKafkaSink({
    connection: { brokers: [kafka.brokers] },
    topicPrefix,
    retentionMs: 86_400_000,
    source: 'https://auth.test',
    log,
  })
  t.after(() => sink.close())
  return { sink, topicPrefix }
}

async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.brokers] })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

const listRows = (database: Database) =>
  database.kysely.selectFrom('outbox').selectAll().orderBy('position').execute()
const isAllPublished = async (database: Database) =>
  (await listRows(database)).every((row) => row.published_at !== null)

test('an event is a record with its key, its bytes and CloudEvents headers', async (t) => {
  const { database } = await openTestPostgres(t)
  const { sink, topicPrefix } = openTestSink(t)
  const relay = openTestRelay(t, database, sink)
  const userId = await insertTestUser(database)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await makeTestWrite(database, relay.wake)({ ...origin, traceparent }, async (_trx, announce) => {
    await announce(toUserUpdated(userId))
    await announce(toLoginSucceeded(userId))
    await announce(toLoginSucceeded(userId))
    const data = { reason: LoginFailureReason.UNKNOWN_USER, identifierHash: 'h4sh' }
    await announce({ name: 'login_failed', key: 'h4sh', data })
  })
  await until(() => isAllPublished(database))
  const rows = await listRows(database)
  const topics = ['login_succeeded', 'login_failed'] as const
  const [failed, ...succeeded] = (await readTopics(topics.map((name) => toTopic(name, topicPrefix)))).sort(
    (a, b) => (a.topic < b.topic ? -1 : 1),
  )
  const last = succeeded[1] ?? assert.fail()
  const row = rows[2] ?? assert.fail()
  assert.equal(last.topic, `${topicPrefix}.events.login_succeeded`)
  assert.equal(last.key, userId)
  assert.equal(last.partition, toPartitionHash(Buffer.from(userId)) % 12)
  assert.equal(last.value, Buffer.from(row.data).toString())
  assert.equal(fromJson(LoginSucceededSchema, JSON.parse(last.value)).userId, userId)
  assert.deepEqual(last.headers, {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: row.id,
    ce_source: 'https://auth.test',
    ce_type: 'auth.events.login_succeeded',
    ce_time: row.occurred_at.toISOString(),
    ce_subject: userId,
    ce_dataschema: 'urn:immersiverse:auth.v1.LoginSucceeded',
    ce_epoch: row.epoch,
    ce_usersequence: '3',
    ce_topicprevious: '2',
    traceparent,
  })
  assert.equal(succeeded[0]?.headers.ce_topicprevious, '0')
  assert.equal(failed?.key, 'h4sh')
  for (const name of ['ce_subject', 'ce_usersequence', 'ce_topicprevious']) {
    assert.equal(failed?.headers[name], undefined, name)
  }
})

test('makes the topics, and reports but never changes one that is there with another policy', async (t) => {
  const warnings: object[] = []
  const log = { ...silentLog, warn: (facts: object) => void warnings.push(facts) }
  const { sink, topicPrefix } = openTestSink(t, log)
  const odd = toTopic('login_failed', topicPrefix)
  const made = toTopic('user_created', topicPrefix)
  const { signal } = new AbortController()
  await withAdmin(async (admin) => {
    const configs = [{ name: 'cleanup.policy', value: 'compact' }]
    await admin.createTopics({ topics: [odd], partitions: 3, replicas: 1, configs })
    await sink.prepare(signal)
    assert.deepEqual(warnings, [
      { topic: odd, partitions: 3, 'cleanup.policy': 'compact', 'retention.ms': '604800000' },
    ])
    await sink.prepare(signal)
    assert.equal(warnings.length, 2)
    const metadata = await admin.metadata({ topics: [odd, made] })
    assert.equal(metadata.topics.get(odd)?.partitionsCount, 3)
    assert.equal(metadata.topics.get(made)?.partitionsCount, 12)
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: made }
    const configurationKeys = ['cleanup.policy', 'retention.ms', 'min.insync.replicas']
    const [described] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys }] })
    const policy = Object.fromEntries(described?.configs.map(({ name, value }) => [name, value]) ?? [])
    assert.deepEqual(policy, {
      'cleanup.policy': 'delete',
      'retention.ms': '86400000',
      'min.insync.replicas': '1',
    })
  })
})

test('with the broker down from the start writes commit at once, and the events arrive when it is there', async (t) => {
  const { database } = await openTestPostgres(t)
  await kafka.stop()
  const { sink, topicPrefix } = openTestSink(t)
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const userId = await insertTestUser(database)
  await until(() => relay.status().brokerUp === false)
  const began = performance.now()
  for (let n = 0; n < 20; n += 1) await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
  assert.ok(performance.now() - began < 2000, `took ${performance.now() - began} ms`)
  await kafka.start()
  await until(() => isAllPublished(database), 30_000)
  const received = await readTopics([toTopic('login_succeeded', topicPrefix)])
  assert.deepEqual(
    received.map(({ headers }) => Number(headers.ce_usersequence)),
    Array.from({ length: 20 }, (_, at) => at + 1),
  )
})

test('O2 O3 O4 O5 O6 hold while the broker is killed, restarted and frozen under load', {
  timeout: 180_000,
}, async (t) => {
  const { database } = await openTestPostgres(t)
  const { sink, topicPrefix } = openTestSink(t)
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const users = await Promise.all(Array.from({ length: 20 }, () => insertTestUser(database)))
  let isFaulty = true
  const faults = (async () => {
    await until(() => relay.status().lastPublishedAt !== undefined)
    for (const fault of ['kill', 'freeze', 'restart'] as const) {
      await wallClock.sleep(400)
      const began = performance.now()
      if (fault === 'restart') await kafka.restart()
      if (fault === 'kill') await kafka.kill()
      if (fault === 'kill') await kafka.start()
      if (fault === 'freeze') await kafka.pause()
      if (fault === 'freeze') await wallClock.sleep(3000)
      if (fault === 'freeze') kafka.resume()
      const since = relay.status().lastPublishedAt
      const healed = performance.now()
      await until(() => relay.status().lastPublishedAt !== since, 30_000)
      t.diagnostic(
        `${fault} lasted ${Math.round(healed - began)} ms, published again ${Math.round(performance.now() - healed)} ms after`,
      )
    }
    isFaulty = false
  })()
  while (isFaulty) {
    await Promise.all(
      users.map((userId, n) =>
        write(origin, async (_trx, announce) => {
          await announce(n % 2 ? toLoginSucceeded(userId) : toUserUpdated(userId))
          await announce(n % 3 ? toLoginSucceeded(userId) : toUserUpdated(userId))
        }),
      ),
    )
    await wallClock.sleep(20)
  }
  await faults
  await until(() => isAllPublished(database), 60_000)
  const topics = [toTopic('login_succeeded', topicPrefix), toTopic('user_updated', topicPrefix)]
  const received = await readTopics(topics)
  const rows = await listRows(database)
  t.diagnostic(`${rows.length} events, ${received.length} records`)
  assertRecords(received, new Map(rows.map((row) => [row.id, Buffer.from(row.data).toString()])))
})

/** What an independent reader may see: every event, its bytes, each user's in order on each topic, repetitions only. */
function assertRecords(received: readonly Received[], committed: ReadonlyMap<string, string>): void {
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

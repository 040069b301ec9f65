import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromJson } from '@bufbuild/protobuf'
import {
  LoginFailureReason,
  LoginSucceededSchema,
  toDeadLetterTopic,
  toTopic,
} from '@immersiverse/auth-contract'
import { Admin, ConfigResourceTypes } from '@platformatic/kafka'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  openTestPostgres,
  origin,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { isAllPublished, openTestSink, readTopics, withoutRepetitions } from './kafka-testing.ts'
import { toPartitionHash } from './murmur2.ts'
import { openTestRelay, silentLog } from './testing.ts'

async function withAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers.split(',') })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

test('an event is a record with its key, its bytes and CloudEvents headers', async (t) => {
  const [kafka, opened] = [await requireTestKafka(t), await openTestPostgres(t)]
  if (!kafka || !opened) return
  const { database } = opened
  const { sink, topicPrefix } = openTestSink(t, kafka.brokers)
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
  const rows = await listOutbox(database)
  const topics = [toTopic('login_failed', topicPrefix), toTopic('login_succeeded', topicPrefix)]
  const received = withoutRepetitions(await readTopics(kafka.brokers, topics))
  const [failed, ...succeeded] = received.sort((a, b) => a.topic.localeCompare(b.topic))
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
  const kafka = await requireTestKafka(t)
  if (!kafka) return
  const warnings: object[] = []
  const log = { ...silentLog, warn: (facts: object) => void warnings.push(facts) }
  const { sink, topicPrefix } = openTestSink(t, kafka.brokers, log)
  const odd = toTopic('login_failed', topicPrefix)
  const made = toTopic('user_created', topicPrefix)
  const { signal } = new AbortController()
  await withAdmin(kafka.brokers, async (admin) => {
    const configs = [{ name: 'cleanup.policy', value: 'compact' }]
    await admin.createTopics({ topics: [odd], partitions: 3, replicas: 1, configs })
    // A broker may not know for a moment what was just made.
    await until(async () => {
      await sink.prepare(signal)
      return warnings.length > 0
    })
    const [reported] = warnings.splice(0)
    assert.deepEqual(reported, {
      topic: odd,
      partitions: 3,
      'cleanup.policy': 'compact',
      'retention.ms': '604800000',
    })
    await sink.prepare(signal)
    assert.deepEqual(warnings, [reported])
    const deadLetters = toDeadLetterTopic(topicPrefix)
    const metadata = await admin.metadata({ topics: [odd, made, deadLetters] })
    assert.equal(metadata.topics.get(odd)?.partitionsCount, 3)
    assert.equal(metadata.topics.get(made)?.partitionsCount, 12)
    assert.equal(metadata.topics.get(deadLetters)?.partitionsCount, 12)
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

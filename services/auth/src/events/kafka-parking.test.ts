import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toTopic } from '@immersiverse/auth-contract'
import { Admin, ConfigResourceTypes } from '@platformatic/kafka'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import type { UserEvent } from '../domain/events.ts'
import type { UserId } from '../domain/ids.ts'
import {
  insertTestUser,
  makeTestWrite,
  openTestPostgres,
  origin,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { listParkedKeys } from '../store/parked-keys.ts'
import { isAllPublished, openTestSink, readTopics, withoutRepetitions } from './kafka-testing.ts'
import { openTestRelay } from './testing.ts'

const bytesMax = 4000

function toLargeUpdate(userId: UserId): UserEvent {
  const changedFields = Array.from({ length: 1000 }, () => 'roles')
  return { name: 'user_updated', userId, data: { userId, userVersion: 2n, changedFields } }
}

test('O10 a record that a broker finds too large holds up its user alone, until the topic takes it', async (t) => {
  const [kafka, opened] = [await requireTestKafka(t), await openTestPostgres(t)]
  if (!kafka || !opened) return
  const { database } = opened
  const { sink, topicPrefix } = openTestSink(t, kafka.brokers)
  const [updates, logins] = [
    toTopic('user_updated', topicPrefix),
    toTopic('login_succeeded', topicPrefix),
  ] as const
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.brokers.split(',') })
  t.after(() => admin.close())
  const configs = [{ name: 'max.message.bytes', value: String(bytesMax) }]
  await admin.createTopics({ topics: [updates], partitions: 12, replicas: 1, configs })
  const [large, ...others] = await Promise.all(Array.from({ length: 5 }, () => insertTestUser(database)))
  assert.ok(large)
  const relay = openTestRelay(t, database, sink, { parkTimes: { firstMs: 200, longestMs: 200 } })
  await makeTestWrite(database, relay.wake)(origin, async (_trx, announce) => {
    await announce(toLargeUpdate(large))
    await announce(toLoginSucceeded(large))
    for (const userId of others) await announce(toUserUpdated(userId))
    for (const userId of others) await announce(toLoginSucceeded(userId))
  })
  const read = async () => withoutRepetitions(await readTopics(kafka.brokers, [updates, logins]))
  await until(() => relay.status().parkedKeys === 1)
  assert.equal((await listParkedKeys(database.kysely))[0]?.reason, 'MESSAGE_TOO_LARGE')
  assert.equal((await read()).filter(({ key }) => others.some((userId) => userId === key)).length, 8)
  assert.deepEqual(
    (await read()).filter(({ key, topic }) => key === large && topic === updates),
    [],
  )
  await admin.incrementalAlterConfigs({
    resources: [
      {
        resourceType: ConfigResourceTypes.TOPIC,
        resourceName: updates,
        configs: [{ name: 'max.message.bytes', configOperation: 0, value: '1000000' }],
      },
    ],
  })
  await until(() => isAllPublished(database))
  const own = (await read()).filter(({ key }) => key === large)
  assert.deepEqual(
    own.sort((a, b) => b.topic.localeCompare(a.topic)).map(({ headers }) => headers.ce_usersequence),
    ['1', '2'],
  )
})

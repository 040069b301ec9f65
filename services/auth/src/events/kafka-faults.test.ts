import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { toTopic } from '@immersiverse/auth-contract'
import { type KafkaPart, openKafka } from '../../../../tools/parts/open-kafka.ts'
import { toPartMissing } from '../../../../tools/parts/part-missing.ts'
import type { Database } from '../store/database.ts'
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
import {
  assertRecords,
  isAllPublished,
  openTestSink,
  readTopics,
  withoutRepetitions,
} from './kafka-testing.ts'
import { openTestRelay, wallClock } from './testing.ts'

// A broker of its own: these tests stop it.
const started = await openKafka().catch((error) => toPartMissing('Kafka', error))
after(() => ('close' in started ? started.close() : undefined))

async function openParts(t: TestContext): Promise<{ kafka: KafkaPart; database: Database } | undefined> {
  if ('skipReason' in started) return void t.skip(started.skipReason)
  const opened = await openTestPostgres(t)
  return opened && { kafka: started, database: opened.database }
}

test('with the broker down from the start writes commit at once, and the events arrive when it is there', async (t) => {
  const parts = await openParts(t)
  if (!parts) return
  const { database, kafka } = parts
  await kafka.stop()
  const { sink, topicPrefix } = openTestSink(t, kafka.brokers)
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const userId = await insertTestUser(database)
  await until(() => relay.status().brokerUp === false)
  const began = performance.now()
  for (let n = 0; n < 20; n += 1) await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
  assert.ok(performance.now() - began < 2000, `took ${performance.now() - began} ms`)
  await kafka.start()
  await until(() => isAllPublished(database), 30_000)
  const received = await readTopics(kafka.brokers, [toTopic('login_succeeded', topicPrefix)])
  assert.deepEqual(
    withoutRepetitions(received).map(({ headers }) => Number(headers.ce_usersequence)),
    Array.from({ length: 20 }, (_, at) => at + 1),
  )
})

test('O2 O3 O4 O5 O6 hold while the broker is killed, restarted and frozen under load', {
  timeout: 180_000,
}, async (t) => {
  const parts = await openParts(t)
  if (!parts) return
  const { database, kafka } = parts
  const { sink, topicPrefix } = openTestSink(t, kafka.brokers)
  const relay = openTestRelay(t, database, sink)
  const write = makeTestWrite(database, relay.wake)
  const users = await Promise.all(Array.from({ length: 20 }, () => insertTestUser(database)))
  let isFaulty = true
  const faults = (async () => {
    await until(() => relay.status().lastPublishedAt !== undefined)
    for (const fault of ['kill', 'freeze', 'restart'] as const) {
      await wallClock.sleep(400)
      if (fault === 'restart') await kafka.restart()
      if (fault === 'kill') await kafka.kill()
      if (fault === 'kill') await kafka.start()
      if (fault === 'freeze') await kafka.pause()
      if (fault === 'freeze') await wallClock.sleep(3000)
      if (fault === 'freeze') kafka.resume()
      const since = relay.status().lastPublishedAt
      await until(() => relay.status().lastPublishedAt !== since, 30_000)
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
    await wallClock.sleep(100)
  }
  await faults
  await until(() => isAllPublished(database), 60_000)
  const topics = [toTopic('login_succeeded', topicPrefix), toTopic('user_updated', topicPrefix)]
  const received = await readTopics(kafka.brokers, topics)
  const rows = await listOutbox(database)
  t.diagnostic(`${rows.length} events, ${received.length} records`)
  assertRecords(received, new Map(rows.map((row) => [row.id, Buffer.from(row.data).toString()])))
})

test('closing is bounded while the broker hangs, and what it left is published later', async (t) => {
  const parts = await openParts(t)
  if (!parts) return
  const { database, kafka } = parts
  const { sink } = openTestSink(t, kafka.brokers)
  const relay = openTestRelay(t, database, sink)
  const userId = await insertTestUser(database)
  const write = makeTestWrite(database, relay.wake)
  await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
  await until(() => isAllPublished(database))
  await kafka.pause()
  await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
  await until(async () => (await listOutbox(database)).every((row) => row.pub_seq !== null))
  const began = performance.now()
  await relay.close()
  assert.ok(performance.now() - began < 5000, `took ${performance.now() - began} ms`)
  kafka.resume()
  assert.equal(await isAllPublished(database), false)
  openTestRelay(t, database, sink)
  await until(() => isAllPublished(database))
})

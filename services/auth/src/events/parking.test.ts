import assert from 'node:assert/strict'
import { checkParked } from '../doctor/check-parked.ts'
import type { Database } from '../store/database.ts'
import type { NumberedEvent } from '../store/outbox.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  origin,
  testOnBoth,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { listParkedKeys, retryParkedKeys } from '../store/parked-keys.ts'
import { eraseUser } from '../store/users.ts'
import { assertOrder, makeMemorySink, openTestRelay, silentLog } from './testing.ts'

const soon = Object.freeze({ firstMs: 20, longestMs: 40 })
const late = Object.freeze({ firstMs: 3_600_000, longestMs: 3_600_000 })

/** Every user's first two events: an update, then a login. */
async function writeTwoEach(database: Database, userIds: readonly Parameters<typeof toUserUpdated>[0][]) {
  const write = makeTestWrite(database)
  for (const userId of userIds) {
    await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
  }
}

const isUpdateOf = (userId: string) => (event: NumberedEvent) =>
  event.event === 'user_updated' && event.key === userId ? ('event' as const) : undefined

testOnBoth(
  "O10 an event that is refused for good parks its key: the user's later events wait, all others go on",
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 6 }, () => insertTestUser(database)))
    const parked = users[2] ?? assert.fail()
    await writeTwoEach(database, users)
    const sink = makeMemorySink()
    sink.refuses = isUpdateOf(parked)
    const alerts: object[] = []
    const log = { ...silentLog, error: (facts: object) => void alerts.push(facts) }
    const relay = openTestRelay(t, database, sink, { parkTimes: late, log })
    await until(() => sink.published.length === 10)
    await until(async () => (await listParkedKeys(database.kysely)).length === 1)
    await until(() => relay.status().parkedKeys === 1)
    assert.deepEqual(
      alerts.map((facts) => (facts as { key: string }).key),
      [parked],
    )
    await writeTwoEach(database, users)
    relay.wake()
    await until(() => sink.published.length === 20)
    assertOrder(sink.published)
    assert.ok(sink.published.every(({ key }) => key !== parked))
    await until(async () => (await countWaiting(database)) === 4)
    const [entry] = await listParkedKeys(database.kysely)
    assert.deepEqual([entry?.key, entry?.reason, entry?.attempts], [parked, 'REFUSED', 1])
    assert.equal(relay.status().brokerUp, true)
  },
)

testOnBoth('O10 a parked key is tried again now and then, and goes on in order', async (t, database) => {
  const [parked, other] = [await insertTestUser(database), await insertTestUser(database)]
  await writeTwoEach(database, [parked, other])
  const sink = makeMemorySink()
  sink.refuses = isUpdateOf(parked)
  const relay = openTestRelay(t, database, sink, { parkTimes: soon })
  await until(async () => ((await listParkedKeys(database.kysely))[0]?.attempts ?? 0) >= 3)
  sink.refuses = () => undefined
  await until(async () => (await countWaiting(database)) === 0)
  await until(() => relay.status().parkedKeys === 0)
  assertOrder(sink.published)
  assert.equal(sink.published.length, 4)
  assert.deepEqual(await listParkedKeys(database.kysely), [])
})

testOnBoth('an operator has a parked key tried at once, by whoever leads by then', async (t, database) => {
  const userId = await insertTestUser(database)
  await writeTwoEach(database, [userId])
  const refusing = makeMemorySink()
  refusing.refuses = isUpdateOf(userId)
  const first = openTestRelay(t, database, refusing, { parkTimes: late })
  await until(() => first.status().parkedKeys === 1)
  await first.close()
  const sink = makeMemorySink()
  const second = openTestRelay(t, database, sink, { parkTimes: late })
  await until(() => second.status().parkedKeys === 1)
  await writeTwoEach(database, [userId])
  second.wake()
  await until(async () => (await listOutbox(database)).every(({ pub_seq }) => pub_seq !== null))
  assert.equal(sink.published.length, 0)
  assert.equal(await retryParkedKeys(database.kysely, userId), 1)
  await until(() => sink.published.length === 4)
  assertOrder(sink.published)
})

testOnBoth(
  'what waited of a user who was deleted meanwhile goes out in order, the deletion last',
  async (t, database) => {
    const userId = await insertTestUser(database)
    const sink = makeMemorySink()
    sink.refuses = isUpdateOf(userId)
    const relay = openTestRelay(t, database, sink, { parkTimes: late })
    const write = makeTestWrite(database, relay.wake)
    await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    await until(() => relay.status().parkedKeys === 1)
    assert.match((await checkParked(database))[0]?.what ?? '', /^the events of 1 key: \S+ \(REFUSED\) wait$/)
    await write(origin, async (trx, announce) => {
      const { version } = await eraseUser(trx, userId)
      await announce({ name: 'user_deleted', userId, data: { userId, userVersion: BigInt(version) } })
    })
    assert.match((await checkParked(database))[0]?.what ?? '', /1 of them deleted, whose personal data stay/)
    sink.refuses = () => undefined
    await until(async () => (await listOutbox(database)).every(({ pub_seq }) => pub_seq !== null))
    await retryParkedKeys(database.kysely, undefined)
    await until(() => sink.published.length === 2)
    assert.deepEqual(
      sink.published.map(({ event }) => event),
      ['user_updated', 'user_deleted'],
    )
  },
)

testOnBoth('a topic that is refused as a whole costs one refusal for a batch', async (t, database) => {
  const users = await Promise.all(Array.from({ length: 8 }, () => insertTestUser(database)))
  await writeTwoEach(database, users)
  const sink = makeMemorySink()
  let calls = 0
  sink.refuses = ({ event }) => {
    calls += 1
    return event === 'login_succeeded' ? 'topic' : undefined
  }
  const relay = openTestRelay(t, database, sink, { parkTimes: late })
  await until(() => relay.status().parkedKeys === 8)
  assert.equal(sink.published.length, 8)
  assert.ok(calls < 80, `${calls} events were sent`)
})

async function countWaiting(database: Database): Promise<number> {
  return (await listOutbox(database)).filter((row) => row.published_at === null).length
}

import assert from 'node:assert/strict'
import type { WatchEventsResponse } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { deletePublished } from '../store/outbox-retention.ts'
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
import { makeLogFollower } from './log-follower.ts'
import { fromPositionText, toPositionText } from './log-position.ts'
import { makeLogSink } from './log-sink.ts'
import { openTestRelay, wallClock } from './testing.ts'
import { makeWatchEvents } from './watch-events.ts'

/** A clock on which five seconds of silence are half a second. */
const fastClock = { ...wallClock, monotonicMs: () => performance.now() * 10 }

function openWatch(database: Database, clock = wallClock) {
  const follower = makeLogFollower(database, clock)
  const watch = makeWatchEvents({
    database,
    follower,
    clock,
    source: 'https://auth.test',
    topicPrefix: 'auth',
  })
  return { follower, watch }
}

async function take(
  stream: AsyncGenerator<WatchEventsResponse, void>,
  count: number,
): Promise<NonNullable<WatchEventsResponse['item']['value']>[]> {
  const items = []
  while (items.length < count) {
    const { value } = await stream.next()
    if (!value) break
    items.push(value.item.value ?? assert.fail())
  }
  return items
}

const all = { topics: [], afterPosition: '' }

testOnBoth(
  'a watcher gets what was there in order, then what comes, and goes on after a position',
  async (t, database) => {
    const { follower, watch } = openWatch(database)
    const relay = openTestRelay(t, database, makeLogSink(), { onNumbered: follower.wake })
    const write = makeTestWrite(database, relay.wake)
    const userId = await insertTestUser(database)
    const abort = new AbortController()
    for (let n = 0; n < 450; n += 1) {
      await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    }
    const stream = watch(all, abort.signal)
    const events = await take(stream, 450)
    assert.deepEqual(
      events.map((item) => 'attributes' in item && item.attributes.usersequence),
      Array.from({ length: 450 }, (_, at) => String(at + 1)),
    )
    const next = stream.next()
    const began = performance.now()
    await write(origin, (_trx, announce) => announce(toLoginSucceeded(userId)))
    const { value } = await next
    assert.ok(performance.now() - began < 2000)
    assert.equal(value?.item.case, 'event')
    const event = value.item.value
    assert.equal(event.topic, 'auth.events.login_succeeded')
    assert.equal(event.key, userId)
    assert.equal(event.attributes.topicprevious, '0')
    assert.equal(event.attributes.subject, userId)
    assert.equal(event.attributes.source, 'https://auth.test')
    assert.equal(event.attributes.dataschema, 'urn:immersiverse:auth.v1.LoginSucceeded')
    abort.abort()
    assert.equal((await stream.next()).done, true)
    const half = events[224]
    assert.ok(half && 'position' in half)
    const again = watch({ topics: [], afterPosition: half.position }, new AbortController().signal)
    const [resumed] = await take(again, 1)
    assert.ok(resumed && 'attributes' in resumed)
    assert.equal(resumed.attributes.usersequence, '226')
    await again.return()
  },
)

testOnBoth('topics narrow the stream, and the position still moves on', async (t, database) => {
  const { follower, watch } = openWatch(database, fastClock)
  const relay = openTestRelay(t, database, makeLogSink(), { onNumbered: follower.wake })
  const write = makeTestWrite(database, relay.wake)
  const userId = await insertTestUser(database)
  await write(origin, async (_trx, announce) => {
    await announce(toLoginSucceeded(userId))
    await announce(toUserUpdated(userId))
    await announce(toLoginSucceeded(userId))
  })
  const stream = watch(
    { topics: ['auth.events.user_updated'], afterPosition: '' },
    new AbortController().signal,
  )
  const items = await take(stream, 2)
  assert.deepEqual(
    items.map((item) => fromPositionText(item.position).pubSeq),
    [2, 3],
  )
  const [, heartbeat] = items
  assert.ok(heartbeat && 'asOf' in heartbeat && heartbeat.asOf)
  assert.ok(Math.abs(Number(heartbeat.asOf.seconds) - Date.now() / 1000) < 30)
  await stream.return()
})

testOnBoth(
  'an abort ends a silent stream at once, and nothing is looked up any more',
  async (_t, database) => {
    const { watch } = openWatch(database)
    const abort = new AbortController()
    const stream = watch(all, abort.signal)
    const next = stream.next()
    const queries = database.queryCount()
    await until(() => database.queryCount() > queries)
    abort.abort()
    assert.equal((await next).done, true)
    await wallClock.sleep(300)
    const after = database.queryCount()
    await wallClock.sleep(600)
    assert.equal(database.queryCount(), after)
  },
)

testOnBoth('many silent watchers share one look', async (_t, database) => {
  const { watch } = openWatch(database)
  const abort = new AbortController()
  const streams = Array.from({ length: 50 }, () => watch(all, abort.signal).next())
  await wallClock.sleep(300)
  const queries = database.queryCount()
  await wallClock.sleep(1000)
  assert.ok(database.queryCount() - queries <= 6, `${database.queryCount() - queries} queries`)
  abort.abort()
  await Promise.all(streams)
})

testOnBoth(
  'after lost commits or in another database a reader gets rather too much than too little',
  async (t, database) => {
    const { follower, watch } = openWatch(database)
    const relay = openTestRelay(t, database, makeLogSink(), { onNumbered: follower.wake })
    const write = makeTestWrite(database, relay.wake)
    const userId = await insertTestUser(database)
    for (let n = 0; n < 6; n += 1) await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
    const stream = watch(all, new AbortController().signal)
    const items = await take(stream, 6)
    await stream.return()
    const { epoch } = fromPositionText(items[5]?.position ?? '')
    // Numbers 5 and 6 were given again, after a promotion that lost the first ones.
    await sql`update outbox set epoch = ${epoch.replace(/1$/, '2')} where pub_seq >= 5`.execute(
      database.kysely,
    )
    const firstAfter = async (pubSeq: number, of: string) => {
      const abort = AbortSignal.timeout(1000)
      const resumed = watch({ topics: [], afterPosition: toPositionText({ pubSeq, epoch: of }) }, abort)
      const [item] = await take(resumed, 1)
      return item && fromPositionText(item.position).pubSeq
    }
    assert.equal(await firstAfter(3, epoch), 4)
    assert.equal(await firstAfter(6, epoch), 5)
    assert.equal(await firstAfter(900, epoch), 5)
    assert.equal(await firstAfter(4, '1.1.1'), 5)
    assert.equal(await firstAfter(6, '1.1.7'), 1)
    assert.equal(await firstAfter(5, epoch.replace(/1$/, '2')), 6)
  },
)

testOnBoth(
  'a reader that is older than what is kept is told so, and passes no gap in silence',
  async (t, database) => {
    const { follower, watch } = openWatch(database)
    const relay = openTestRelay(t, database, makeLogSink(), { onNumbered: follower.wake })
    const write = makeTestWrite(database, relay.wake)
    const userId = await insertTestUser(database)
    const writeSome = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        await write(origin, (_trx, announce) => announce(toUserUpdated(userId)))
      }
    }
    await writeSome(6)
    const reading = watch(all, new AbortController().signal)
    const first = await take(reading, 6)
    await until(async () => (await listOutbox(database)).every((row) => row.published_at !== null))
    const deleteAll = () =>
      deletePublished(database.kysely, { after: 0, retentionMs: -60_000, isForStates: false, limit: 100 })
    assert.equal((await deleteAll()).count, 5)
    const read = async (afterPosition: string, topics: readonly string[] = []) => {
      const items = await take(watch({ topics, afterPosition }, AbortSignal.timeout(1000)), 1)
      return items[0] && fromPositionText(items[0].position).pubSeq
    }
    const tooOld = { name: 'AuthError', reason: 'EVENTS_NOT_KEPT' }
    assert.equal(await read(''), 6, 'without a position it begins with the oldest')
    assert.equal(await read(first[4]?.position ?? ''), 6, 'what was deleted had been read')
    await assert.rejects(read(first[3]?.position ?? ''), tooOld)
    await assert.rejects(read(first[3]?.position ?? '', ['auth.events.login_succeeded']), tooOld)
    await writeSome(3)
    await until(async () => (await listOutbox(database)).every((row) => row.published_at !== null))
    assert.equal((await deleteAll()).count, 3)
    await assert.rejects(take(reading, 1), tooOld)
  },
)

testOnBoth('a position or topic that is none is INVALID_FIELD', async (_t, database) => {
  const { watch } = openWatch(database)
  const refused = async (request: Parameters<typeof watch>[0], field: string) => {
    await assert.rejects(watch(request, new AbortController().signal).next(), (error: Error) => {
      const { reason, details } = error as Error & {
        reason: string
        details: { fields: { field: string }[] }
      }
      return reason === 'INVALID_FIELD' && details.fields[0]?.field === field
    })
  }
  for (const topic of ['user_created', 'auth.events.nothing', 'auth.events.toString', '']) {
    await refused({ topics: [topic], afterPosition: '' }, 'topics')
  }
  const valid = toPositionText({ pubSeq: 7, epoch: '1.1.1' })
  const forged = Buffer.from('1.0.1.1.1').toString('base64url')
  for (const afterPosition of ['x', '7', `${valid}=`, ` ${valid}`, 'A'.repeat(10_000), forged]) {
    await refused({ topics: [], afterPosition }, 'after_position')
  }
})

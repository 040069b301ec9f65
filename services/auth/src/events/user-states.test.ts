import assert from 'node:assert/strict'
import type { UserId } from '../domain/ids.ts'
import { insertTestUser, listOutbox, testOnBoth, until } from '../store/outbox-testing.ts'
import { makeMemorySink, openTestRelay } from './testing.ts'
import { assertNeverOlder, change, isState, makeStateSink, remove } from './user-state-testing.ts'

testOnBoth('the last state of every user is written, a deleted one without a user', async (t, database) => {
  const [kept, deleted] = [await insertTestUser(database), await insertTestUser(database)]
  const stateSink = makeStateSink()
  openTestRelay(t, database, makeMemorySink(), { stateSink })
  await change(database, deleted, 'first')
  const version = await change(database, kept, 'last')
  await remove(database, deleted)
  const find = (userId: UserId) =>
    stateSink.written.filter(isState).findLast((state) => state.userId === userId)
  await until(() => find(deleted)?.version === 3 && find(kept)?.version === version)
  assert.equal(find(kept)?.user?.displayName, 'last')
  assert.equal(find(deleted)?.user, undefined)
  assertNeverOlder(stateSink.written)
})

testOnBoth(
  'O8 a heartbeat stands behind the state of everything that was acknowledged before its instant',
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 4 }, () => insertTestUser(database)))
    const stateSink = makeStateSink()
    openTestRelay(t, database, makeMemorySink(), { stateSink })
    const acknowledged: { readonly userId: UserId; readonly version: number; readonly at: number }[] = []
    for (let n = 0; n < 40; n += 1) {
      const userId = users[n % users.length] ?? assert.fail()
      const version = await change(database, userId, `name ${n}`)
      acknowledged.push({ userId, version, at: Date.now() })
    }
    const end = Date.now()
    await until(() => stateSink.written.some((record) => !isState(record) && record.asOf.getTime() > end))
    for (const [place, beat] of stateSink.written.entries()) {
      if (isState(beat)) continue
      const before = stateSink.written.slice(0, place).filter(isState)
      for (const { userId, version, at } of acknowledged) {
        if (at >= beat.asOf.getTime()) continue
        const isThere = before.some((state) => state.userId === userId && state.version >= version)
        assert.ok(isThere, `version ${version} is not before the heartbeat`)
      }
    }
  },
)

testOnBoth(
  'what is written again after a lost answer or by the next leader is never older',
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 3 }, () => insertTestUser(database)))
    const [first, second] = [makeStateSink(), makeStateSink()]
    const relay = openTestRelay(t, database, makeMemorySink(), { stateSink: first })
    for (const userId of users) await change(database, userId, 'a')
    await until(() => first.written.some((record) => !isState(record)))
    first.fails = true
    for (const userId of users) await change(database, userId, 'b')
    await until(() => first.takeOvers > 2)
    for (const userId of users) await remove(database, userId)
    await until(() => first.written.filter(isState).some(({ user }) => user === undefined))
    await relay.close()
    openTestRelay(t, database, makeMemorySink(), { stateSink: second })
    await until(() => second.written.some((record) => !isState(record)))
    assertNeverOlder([...first.written, ...second.written])
    assert.equal(new Set(second.written.filter(isState).map(({ userId }) => userId)).size, 3)
    assert.ok(second.written.filter(isState).every(({ user }) => user === undefined))
  },
)

testOnBoth(
  'users whose events are no longer kept are written too, once somebody takes their states',
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 3 }, () => insertTestUser(database)))
    const relay = openTestRelay(t, database, makeMemorySink(), { batchSize: 2 })
    const version = await change(database, users[0] ?? assert.fail(), 'a')
    await until(async () => (await listOutbox(database)).every((row) => row.published_at !== null))
    await relay.close()
    await database.kysely.deleteFrom('outbox').execute()
    const stateSink = makeStateSink()
    openTestRelay(t, database, makeMemorySink(), { stateSink, batchSize: 2 })
    await until(() => stateSink.written.some((record) => !isState(record)))
    const states = stateSink.written.filter(isState)
    assert.deepEqual(new Set(states.map(({ userId }) => userId)), new Set(users))
    assert.equal(states.find(({ userId }) => userId === users[0])?.version, version)
  },
)

testOnBoth(
  'a log that is ahead of the database begins a new epoch, in which what was not published stands',
  async (t, database) => {
    const userId = await insertTestUser(database)
    const failing = makeMemorySink()
    failing.fails = true
    const first = openTestRelay(t, database, failing)
    await change(database, userId, 'a')
    await until(async () => (await listOutbox(database)).every((row) => row.pub_seq !== null))
    const { epoch = assert.fail(), term = assert.fail() } = first.status()
    await first.close()
    const [sink, stateSink] = [makeMemorySink(), makeStateSink()]
    stateSink.reach = { epoch, term, hi: 7 }
    const relay = openTestRelay(t, database, sink, { stateSink })
    await until(() => sink.published.length === 1)
    const raised = epoch.replace(/1$/, '2')
    assert.equal(relay.status().epoch, raised)
    assert.equal(sink.published[0]?.epoch, raised)
    const revoked = await database.kysely.selectFrom('revocations').select(['type', 'reason']).execute()
    assert.deepEqual(revoked, [{ type: 'ISSUER', reason: 'EPOCH_CHANGED' }])
  },
)

testOnBoth(
  'a log that the database knows of, and one of another epoch, leave the epoch as it is',
  async (t, database) => {
    const userId = await insertTestUser(database)
    const stateSink = makeStateSink()
    const first = openTestRelay(t, database, makeMemorySink(), { stateSink })
    await change(database, userId, 'a')
    await until(() => stateSink.written.some((record) => !isState(record) && record.hi === 1))
    const { epoch = assert.fail(), term = assert.fail() } = first.status()
    await first.close()
    for (const reach of [
      { epoch, term, hi: 1 },
      { epoch: '9.9.9', term: 99, hi: 99 },
    ]) {
      stateSink.reach = reach
      const beats = () => stateSink.written.filter((record) => !isState(record)).length
      const before = beats()
      const next = openTestRelay(t, database, makeMemorySink(), { stateSink })
      await until(() => beats() > before)
      assert.equal(next.status().epoch, epoch)
      await next.close()
    }
  },
)

testOnBoth(
  'in another epoch all users are written again, for what stands there may be of commits that were lost',
  async (t, database) => {
    const users = await Promise.all(Array.from({ length: 3 }, () => insertTestUser(database)))
    const stateSink = makeStateSink()
    stateSink.reach = { epoch: '9.9.9', term: 1, hi: 0 }
    const first = openTestRelay(t, database, makeMemorySink(), { stateSink })
    await until(() => stateSink.written.some((record) => !isState(record)))
    const { epoch = assert.fail(), term = assert.fail() } = first.status()
    await first.close()
    assert.equal(new Set(stateSink.written.filter(isState).map(({ userId }) => userId)).size, users.length)
    const again = makeStateSink()
    again.reach = { epoch, term, hi: 0 }
    openTestRelay(t, database, makeMemorySink(), { stateSink: again })
    await until(() => again.written.some((record) => !isState(record)))
    assert.deepEqual(again.written.filter(isState), [], 'in the same epoch they stand there already')
  },
)

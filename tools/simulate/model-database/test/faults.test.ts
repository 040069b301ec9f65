import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { makeRandom, VirtualTime } from '../../../../packages/client/src/verifier/test/virtual-time.ts'
import { settleEpoch } from '../../../../services/auth/src/store/epoch.ts'
import {
  lanes,
  notifyLane,
  notifyNumberedRevocations,
  numberedRevocationsChannel,
} from '../../../../services/auth/src/store/lanes.ts'
import { insertTestUser, testInstallation } from '../../../../services/auth/src/store/outbox-testing.ts'
import { getDatabaseTime } from '../../../../services/auth/src/store/revocations.ts'
import { lockAccount, raiseTokenVersion } from '../../../../services/auth/src/store/users.ts'
import { makeModelDatabase } from '../make-model-database.ts'
import type { ModelDatabase } from '../model-database.ts'

/** A database with a user, in virtual time. */
async function openWorld(seed = 1) {
  const time = new VirtualTime()
  const model = makeModelDatabase({ time, random: makeRandom(seed) })
  const database = model.open('one')
  const userId = await during(time, insertTestUser(database))
  await during(
    time,
    database.transaction((trx) => settleEpoch(trx, testInstallation)),
  )
  return { time, model, database, userId }
}

/** Lets time pass until a promise has settled. */
async function during<T>(time: VirtualTime, promise: Promise<T>): Promise<T> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  promise.then(end, end)
  for (let n = 0; n < 1000 && !isOver; n += 1) await time.run(time.nowMs + 20)
  assert.ok(isOver, 'nothing has come of it in 20 s')
  return await promise
}

const unavailable = { reason: 'DATABASE_UNAVAILABLE' }
const toVersion = (model: ModelDatabase) => model.truth.rows('users')[0]?.tv

test('who listens hears what other processes say, and again after its connection broke', async () => {
  const { time, model, database } = await openWorld()
  let heard = 0
  const listener = database.openListener?.(numberedRevocationsChannel, () => {
    heard += 1
  })
  await time.run(time.nowMs + 300)
  assert.ok(listener?.isListening)
  assert.equal(heard, 1, 'something may have been said before')
  const { kysely } = model.open('two')
  await during(time, notifyNumberedRevocations(kysely))
  await time.run(time.nowMs + 300)
  assert.equal(heard, 2)
  model.breakConnections('one')
  await time.run(time.nowMs + 20)
  assert.ok(!listener.isListening)
  await time.run(time.nowMs + 1000)
  assert.ok(listener.isListening)
  await during(time, notifyNumberedRevocations(kysely))
  await time.run(time.nowMs + 300)
  assert.equal(heard, 4)
  await during(time, listener.close())
})

test('a process killed in the middle of COMMIT has committed or has not, as chance has it', async () => {
  const versions = new Set<unknown>()
  for (let seed = 1; seed <= 40; seed += 1) {
    const { time, model, database, userId } = await openWorld(seed)
    let isAtCommit = false
    let isAnswered = false
    const work = database.transaction(async (trx) => {
      await raiseTokenVersion(trx, userId)
      isAtCommit = true
    })
    work.finally(() => {
      isAnswered = true
    })
    while (!isAtCommit) await time.run(time.nowMs + 0.02)
    model.kill('one')
    await time.run(time.nowMs + 1000)
    assert.equal(isAnswered, false, 'a dead process hears nothing')
    versions.add(toVersion(model))
    const other = model.open('two')
    await during(
      time,
      other.transaction((trx) => lockAccount(trx, userId, 'update')),
    )
  }
  assert.deepEqual([...versions].sort(), [1, 2])
})

test('a server that dies rolls back what is open, keeps what has committed, and is refused until it is up', async () => {
  const { time, model, database, userId } = await openWorld()
  await during(
    time,
    database.transaction((trx) => raiseTokenVersion(trx, userId)),
  )
  const open = database.transaction(async (trx) => {
    await raiseTokenVersion(trx, userId)
    model.stop()
    await raiseTokenVersion(trx, userId)
  })
  await assert.rejects(during(time, open), unavailable)
  await assert.rejects(during(time, getDatabaseTime(database.kysely)), unavailable)
  model.start()
  await during(time, getDatabaseTime(database.kysely))
  assert.equal(toVersion(model), 2)
})

test('a promotion loses the last commits, and the next leader tells by another epoch and a revoked issuer', async () => {
  const { time, model, database, userId } = await openWorld()
  for (let n = 0; n < 3; n += 1) {
    await during(
      time,
      database.transaction((trx) => raiseTokenVersion(trx, userId)),
    )
  }
  model.promote(2)
  assert.equal(toVersion(model), 2)
  assert.deepEqual(
    model.truth.commits.slice(-3).map(({ isLost }) => isLost),
    [false, true, true],
  )
  await time.run(time.nowMs + 1000)
  const epoch = await during(
    time,
    database.transaction((trx) => settleEpoch(trx, testInstallation)),
  )
  assert.equal(epoch, `${model.truth.epoch.systemId}.2.2`)
  assert.deepEqual(
    model.truth.rows('revocations').map(({ type }) => type),
    ['ISSUER'],
  )
})

test('a lock that is held for 5 s ends the wait; so does the holder that is idle for so long', async () => {
  const { time, model, database, userId } = await openWorld()
  const other = model.open('two')
  const holding = database.transaction(async (trx) => {
    await lockAccount(trx, userId, 'update')
    for (let n = 0; n < 8; n += 1) {
      await new Promise<void>((resolve) => time.after(1000, resolve))
      await sql`select 1`.execute(trx)
    }
    await new Promise<void>((resolve) => time.after(60_000, resolve))
    await sql`select 1`.execute(trx)
  })
  holding.catch(() => undefined)
  await time.run(time.nowMs + 100)
  const wait = () => other.transaction((trx) => lockAccount(trx, userId, 'share'))
  await assert.rejects(during(time, wait()), unavailable)
  await time.run(time.nowMs + 4000)
  // Its last statement was less than 5 s ago: it is ended before this wait is.
  assert.ok(await during(time, wait()))
  await time.run(time.nowMs + 60_000)
  await assert.rejects(during(time, holding), unavailable)
})

test('two that wait for each other end after a second, one with an error and one with the lock', async () => {
  const { time, database, userId } = await openWorld()
  const second = await during(time, insertTestUser(database))
  const lockBoth = (first: typeof userId, then: typeof userId) =>
    database.transaction(async (trx) => {
      await lockAccount(trx, first, 'update')
      await new Promise<void>((resolve) => time.after(100, resolve))
      await lockAccount(trx, then, 'update')
    })
  const ends = await during(time, Promise.allSettled([lockBoth(userId, second), lockBoth(second, userId)]))
  assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

test('what is sent into a cut network arrives when it is whole again; a new connection is not waited for so long', async () => {
  const { time, model, database } = await openWorld()
  const startedMs = time.nowMs
  model.cut('one', 8000)
  const [idle, fresh] = [getDatabaseTime(database.kysely), getDatabaseTime(database.kysely)]
  await assert.rejects(during(time, fresh), unavailable)
  assert.ok(time.nowMs - startedMs < 6000)
  await during(time, idle)
  assert.ok(time.nowMs - startedMs >= 8000)
})

test('a leader keeps its lock by pinging, and loses it 1.5 s after its last ping', async () => {
  const { time, model, database } = await openWorld()
  const other = model.open('two')
  const leader = await during(time, database.findLeaderSession('relay'))
  assert.ok(leader)
  const find = () => during(time, other.findLeaderSession('relay'))
  for (let n = 0; n < 5; n += 1) {
    await time.run(time.nowMs + 1000)
    await during(time, leader.ping())
    assert.equal(await find(), undefined)
  }
  model.pause('one', 5000)
  await time.run(time.nowMs + 1600)
  const next = await find()
  assert.ok(next)
  await assert.rejects(during(time, leader.ping()), unavailable)
  await Promise.all([leader.close(), next.close()])
})

test('a notification reaches the leader that listens, from every process', async () => {
  const { time, model, database } = await openWorld()
  const leader = await during(time, database.findLeaderSession('relay'))
  let heard = 0
  await during(
    time,
    leader?.onNotification('auth_outbox', () => {
      heard += 1
    }) ?? Promise.resolve(),
  )
  await during(time, notifyLane(model.open('two').kysely, lanes.events))
  await time.run(time.nowMs + 100)
  assert.equal(heard, 1)
  await leader?.close()
})

test('a standby answers, and neither writes nor says that its epoch is settled', async () => {
  const { time, model, database, userId } = await openWorld()
  model.setInRecovery(true)
  await during(time, getDatabaseTime(database.kysely))
  const write = database.transaction((trx) => raiseTokenVersion(trx, userId))
  await assert.rejects(during(time, write), unavailable)
})

test('a statement that nobody has modelled throws, and is remembered', async () => {
  const { time, model, database } = await openWorld()
  const unknown = sql`select 1 from users join sessions on true`.execute(database.kysely)
  await assert.rejects(during(time, unknown), /the model has no statement/)
  assert.equal(model.truth.unknownStatements.length, 1)
})

test('the same seed gives the same history', async () => {
  const run = async () => {
    const { time, model, database, userId } = await openWorld(7)
    const raise = () => database.transaction((trx) => raiseTokenVersion(trx, userId))
    await during(time, Promise.all(Array.from({ length: 12 }, raise)))
    return model.truth.commits.map(({ atMs }) => atMs)
  }
  assert.deepEqual(await run(), await run())
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RpcError } from '../grpc/index.ts'
import { waitUntil } from '../test/wait-until.ts'
import { makeUser, openWarm, openWorld } from './test/open-user-cache.ts'

const outage = new RpcError('UNAVAILABLE', undefined, 'cut')

test('a cache is warm when all users were listed, and not before revocations are followed', async (t) => {
  const world = openWorld(t)
  await assert.rejects(world.users.warm(AbortSignal.timeout(20)), { name: 'TimeoutError' })
  assert.deepEqual([world.users.isWarm(), world.listed], [false, 0])
  world.users.begin('e')
  await world.users.warm()
  assert.deepEqual(await world.users.get('u1'), makeUser('u1'))
  assert.deepEqual(world.asked, [])
  const { isWarm, isPartial, users, isFed, counts } = world.users.status()
  assert.deepEqual(
    { isWarm, isPartial, users, isFed },
    { isWarm: true, isPartial: false, users: 3, isFed: true },
  )
  assert.deepEqual(counts, { memory: 1, asked: 0, allowedStale: 0, unavailable: 0 })
})

for (const state of ['STALE', 'UNKNOWN'] as const) {
  test(`R13: while revocations are ${state}, GetUser is asked about everybody`, async (t) => {
    const world = await openWarm(t)
    world.state = state
    world.stored.set('u1', makeUser('u1', 2))
    assert.equal((await world.users.get('u1')).version, 2n)
    await world.users.get('u1')
    assert.deepEqual(world.asked, ['u1', 'u1'])
    world.state = 'FRESH'
    assert.equal((await world.users.get('u1')).version, 2n)
    assert.equal(world.asked.length, 2)
  })
}

test('R13: a user whose tokens were revoked is asked for, once', async (t) => {
  const world = await openWarm(t)
  world.suspend('u1')
  await world.users.get('u2')
  assert.deepEqual(world.asked, [])
  await world.users.get('u1')
  await world.users.get('u1')
  assert.deepEqual(world.asked, ['u1'])
  world.users.hear({ type: 'session', subject: 'u1' })
  await world.users.get('u1')
  assert.deepEqual(world.asked, ['u1'])
})

test('a deleted user is not found, and a late event does not bring it back', async (t) => {
  const world = await openWarm(t)
  world.stored.delete('u1')
  world.changes?.takeDeleted('u1', 'e')
  world.changes?.takeChange(makeUser('u1', 5), 'e')
  assert.equal(await world.users.find('u1'), undefined)
  assert.deepEqual(world.asked, [])
  await assert.rejects(world.users.get('u1'), {
    name: 'RpcError',
    code: 'NOT_FOUND',
    reason: 'USER_NOT_FOUND',
  })
  world.stored.delete('u2')
  world.suspend('u2')
  assert.equal(await world.users.find('u2'), undefined)
  world.changes?.takeChange(makeUser('u2', 5), 'e')
  assert.equal(await world.users.find('u2'), undefined)
  assert.deepEqual(world.asked, ['u2'])
})

test('minVersion asks where memory is older, and says where the service is older too', async (t) => {
  const world = await openWarm(t)
  world.stored.set('u1', makeUser('u1', 3))
  assert.equal((await world.users.get('u1', { minVersion: 2n })).version, 3n)
  await assert.rejects(world.users.get('u1', { minVersion: 4n }), { reason: 'VERSION_NOT_REACHED' })
  assert.equal((await world.users.get('u1', { minVersion: 3n })).version, 3n)
  assert.equal(world.asked.length, 2)
})

test('those who ask at once share a question, those who ask later do not share an older one', async (t) => {
  const world = openWorld(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  world.delay = promise
  const first = [world.users.get('u1'), world.users.get('u1')]
  await waitUntil('the question', () => world.asked.length === 1)
  const later = [world.users.get('u1'), world.users.get('u1')]
  resolve()
  await Promise.all([...first, ...later])
  assert.deepEqual(world.asked, ['u1', 'u1'])
})

test('an event that overtakes an answer wins', async (t) => {
  const world = await openWarm(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  world.delay = promise
  world.suspend('u1')
  const asked = world.users.get('u1')
  await waitUntil('the question', () => world.asked.length === 1)
  world.changes?.takeChange(makeUser('u1', 2), 'e')
  resolve()
  assert.equal((await asked).version, 2n)
  assert.equal((await world.users.get('u1')).version, 2n)
})

test('an outage is UNAVAILABLE where memory is not certain', async (t) => {
  const world = await openWarm(t)
  world.failure = outage
  assert.deepEqual(await world.users.get('u1'), makeUser('u1'))
  world.state = 'STALE'
  await assert.rejects(world.users.get('u1'), outage)
  await assert.rejects(world.users.find('u9'), outage)
  await assert.rejects(world.users.getMany(['u1', 'u9']), outage)
  assert.deepEqual(world.users.status().counts.unavailable, 3)
})

test('allowStale answers by memory in an outage, but never with someone who was revoked since', async (t) => {
  const world = await openWarm(t, { onUnavailable: 'allowStale' })
  world.failure = outage
  world.state = 'STALE'
  assert.deepEqual(await world.users.get('u1'), makeUser('u1'))
  assert.deepEqual([...(await world.users.getMany(['u1', 'u2'])).keys()], ['u1', 'u2'])
  await assert.rejects(world.users.get('u1', { minVersion: 2n }), outage)
  await assert.rejects(world.users.get('u9'), outage)
  world.suspend('u1')
  await assert.rejects(world.users.get('u1'), outage)
  const { counts } = world.users.status()
  assert.deepEqual([counts.allowedStale, counts.unavailable], [3, 3])
  assert.equal(world.warned, 1)
  world.failure = new RpcError('PERMISSION_DENIED', undefined, 'no')
  await assert.rejects(world.users.get('u2'), { code: 'PERMISSION_DENIED' })
})

test('many users are asked for a hundred at a time, without those in memory', async (t) => {
  const world = await openWarm(t)
  const others = Array.from({ length: 150 }, (_, n) => `other${n}`)
  world.stored.set('other7', makeUser('other7'))
  const found = await world.users.getMany(['u1', ...others, 'u1'])
  assert.deepEqual([...found.keys()].sort(), ['other7', 'u1'])
  assert.deepEqual(
    world.batches.map(({ length }) => length),
    [100, 50],
  )
  assert.equal((await world.users.getMany(['other7'])).size, 1)
  assert.equal(world.batches.length, 2)
})

test('a feed that breaks, or is silent for too long, has users asked for until all were listed again', async (t) => {
  const world = await openWarm(t)
  world.failFeed?.(new Error('broken'))
  await waitUntil('the end', () => !world.users.status().isFed)
  await world.users.get('u1')
  assert.deepEqual(world.asked, ['u1'])
  world.stored.set('u2', makeUser('u2', 2))
  await world.time.run(world.time.nowMs + 5_000)
  await world.users.warm()
  assert.equal(world.listed, 2)
  assert.equal((await world.users.get('u2')).version, 2n)
  assert.deepEqual(world.asked, ['u1'])
  await world.time.run(world.time.nowMs + 15_001)
  await world.users.get('u2')
  assert.deepEqual(world.asked, ['u1', 'u2'])
  world.changes?.takeLifeSign()
  await world.users.get('u2')
  assert.equal(world.asked.length, 2)
})

test('revocations that are followed anew, and another epoch, list all users again', async (t) => {
  const world = await openWarm(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  world.delay = promise
  world.users.begin('e')
  assert.equal(world.users.isWarm(), false)
  const asked = world.users.get('u1')
  await waitUntil('the question', () => world.asked.length === 1)
  world.users.begin('e2')
  assert.equal(world.users.status().users, 0)
  resolve()
  await asked
  await world.users.warm()
  assert.equal(world.users.status().users, 3)
  const questions = world.asked.length
  await world.users.get('u1')
  assert.equal(world.asked.length, questions)
})

test('what could not be read of a user has it asked for', async (t) => {
  const world = await openWarm(t)
  world.changes?.takeUnreadable('u1')
  await world.users.get('u1')
  await world.users.get('u1')
  assert.deepEqual(world.asked, ['u1'])
})

test('a bound keeps that many users and asks for the others', async (t) => {
  const world = await openWarm(t, { maxUsers: 2 })
  const { users, isPartial, isWarm } = world.users.status()
  assert.deepEqual({ users, isPartial, isWarm }, { users: 2, isPartial: true, isWarm: true })
  for (const id of ['u1', 'u3', 'u3', 'u1', 'u2']) assert.equal((await world.users.get(id)).id, id)
  assert.deepEqual(world.asked, ['u3', 'u2'])
  assert.equal(world.users.status().users, 2)
})

test('listing that fails is tried again', async (t) => {
  const world = openWorld(t)
  world.failure = outage
  world.users.begin('e')
  await waitUntil('the failure', () => world.warned > 0)
  world.failure = undefined
  await world.time.run(world.time.nowMs + 5_000)
  await world.users.warm()
  assert.equal(world.listed, 2)
})

test('closing ends everything, and whoever waits for warmth is told', async (t) => {
  const world = openWorld(t)
  const waiting = assert.rejects(world.users.warm(), /closed/)
  await world.users.close()
  await waiting
})

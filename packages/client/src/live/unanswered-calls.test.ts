import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveWorld, revoked, staleMs, unreachable } from '../test/live-world.ts'
import { goodClaims } from '../test/make-issuer.ts'

const id = (n: number) => `01890000-0000-7000-9000-${n.toString(16).padStart(12, '0')}`
const { sid: session } = goodClaims
/** From a tick that looks: the most that a look may come late. */
const tickMs = 50

test('while the view is FRESH nobody is asked', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  await world.pass(60_000)
  assert.equal(world.asked.length, 0)
  assert.equal(opened.ended(), undefined)
})

test('when the view grows old ValidateToken is asked in time, again and again, and the call goes on', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.isHeard = false
  await world.pass(60_000)
  assert.equal(opened.ended(), undefined)
  const times = world.asked.map(({ atMs }) => atMs)
  assert.ok((times[0] ?? 0) <= staleMs)
  for (const [at, time] of times.entries()) assert.ok(time - (times[at - 1] ?? time) <= staleMs)
  assert.ok(times.length < 40, `${times.length} questions in a minute`)
})

test('what ValidateToken refuses is ended with its reason', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.isHeard = false
  world.answer = revoked
  await world.pass(staleMs)
  assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAUTHENTICATED', 'REVOKED'])
})

test('R7 when nobody can tell the call is ended with UNAVAILABLE: after S, and no later than a look', async () => {
  const world = new LiveWorld()
  await world.pass(250)
  const opened = world.open(world.sign())
  world.isHeard = false
  world.answer = unreachable
  const lastBeatMs = 0
  await world.pass(staleMs - 250 - 1)
  assert.equal(opened.ended(), undefined)
  await world.pass(tickMs + 10)
  assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAVAILABLE', 'AUTH_UNREACHABLE'])
  const { atMs = 0 } = opened.ended() ?? {}
  assert.ok(atMs >= lastBeatMs + staleMs && atMs <= lastBeatMs + staleMs + tickMs + 10, `${atMs}`)
  assert.equal(world.logged.length, 1)
})

test('a question without an answer does not keep a call open', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.isHeard = false
  world.answer = () => new Promise(() => undefined)
  await world.pass(staleMs + tickMs + 10)
  assert.equal(opened.ended()?.code, 'UNAVAILABLE')
})

test('a route may choose a larger S', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign(), { maxStalenessMs: 30_000 })
  world.isHeard = false
  world.answer = unreachable
  await world.pass(29_000)
  assert.equal(opened.ended(), undefined)
  await world.pass(1_100)
  assert.equal(opened.ended()?.code, 'UNAVAILABLE')
})

test('allowStale goes on without anyone to tell, is counted, and is ended by what is heard', async () => {
  const world = new LiveWorld()
  const [first, second] = [
    world.open(world.sign(), { onUnavailable: 'allowStale' }),
    world.open(world.sign({ jti: id(1), sid: id(2), sub: id(3) }), { onUnavailable: 'allowStale' }),
  ]
  world.isHeard = false
  world.answer = unreachable
  await world.pass(60_000)
  assert.equal(world.calls.status().keptStale, 2)
  world.revoke({ type: 'session', subject: session })
  assert.deepEqual([first?.ended()?.reason, second?.ended()], ['REVOKED', undefined])
  world.isHeard = true
  world.measure()
  await world.pass(1_000)
  assert.equal(world.calls.status().keptStale, 0)
  assert.equal(second?.ended(), undefined)
})

test('a doubt alone ends nothing: what was known still holds, and the view is judged by when it is FRESH again', async () => {
  const world = new LiveWorld()
  const stays = world.open(world.sign())
  const goes = world.open(world.sign({ jti: id(1), sid: id(2), sub: id(3) }))
  world.answer = unreachable
  world.freshness.doubt('GAP')
  await world.pass(1_000)
  assert.deepEqual([stays.ended(), goes.ended()], [undefined, undefined])
  world.view.add({ type: 'session', subject: id(2) })
  world.freshness.complete('e')
  await world.pass(1_000)
  assert.deepEqual([stays.ended(), goes.ended()?.reason], [undefined, 'REVOKED'])
})

test('a call that opens while nothing is known has time for one question, and no more', async () => {
  const world = new LiveWorld()
  world.freshness.doubt('GAP')
  const opened = world.open(world.sign())
  await world.pass(10_000)
  assert.equal(opened.ended(), undefined)
  world.answer = unreachable
  const late = world.open(world.sign())
  await world.pass(1_000 + tickMs)
  assert.equal(late.ended()?.code, 'UNAVAILABLE')
})

test('so many calls are asked about that so many questions are under way, and all in time', async () => {
  const world = new LiveWorld({ maxAsking: 8 })
  const opened = Array.from({ length: 200 }, (_, n) => world.open(world.sign({ jti: id(n) })))
  let most = 0
  world.answer = async () => {
    most = Math.max(most, world.askingAtOnce)
    await world.clock.sleep(5)
  }
  world.isHeard = false
  await world.pass(staleMs + 1_000)
  assert.equal(most, 8)
  assert.equal(opened.filter(({ ended }) => ended() !== undefined).length, 0)
})

test('a process that stood still ends what it could not follow', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.isHeard = false
  world.clock.wallSkewMs += 60_000
  await world.pass(tickMs)
  assert.equal(opened.ended()?.code, 'UNAVAILABLE')
})

test('a clock that steps back ends nothing', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.clock.wallSkewMs -= 60_000
  await world.pass(500)
  assert.equal(opened.ended(), undefined)
})

test('without a view every call is asked about before S is over, and ended by what the answer says', async () => {
  const world = new LiveWorld({ isRemote: true })
  const opened = world.open(world.sign())
  await world.pass(60_000)
  assert.equal(opened.ended(), undefined)
  const times = world.asked.map(({ atMs }) => atMs)
  for (const [at, time] of times.entries()) assert.ok(time - (times[at - 1] ?? 0) <= staleMs)
  world.answer = revoked
  await world.pass(staleMs)
  assert.equal(opened.ended()?.reason, 'REVOKED')
})

test('without a view and without the service a call is ended when S is over', async () => {
  const world = new LiveWorld({ isRemote: true })
  world.answer = unreachable
  const opened = world.open(world.sign())
  await world.pass(staleMs)
  assert.equal(opened.ended(), undefined)
  await world.pass(tickMs + 10)
  assert.equal(opened.ended()?.code, 'UNAVAILABLE')
})

test('an outage shorter than what is left of S is not noticed', async () => {
  const world = new LiveWorld({ isRemote: true })
  const opened = world.open(world.sign())
  world.answer = unreachable
  await world.pass(2_500)
  world.answer = async () => undefined
  await world.pass(10_000)
  assert.equal(opened.ended(), undefined)
})

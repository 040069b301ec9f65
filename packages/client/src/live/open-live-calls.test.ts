import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveWorld, revoked, staleMs, unreachable } from '../test/live-world.ts'
import { goodClaims } from '../test/make-issuer.ts'
import type { RevocationEntry } from '../verifier/revocation.ts'

const id = (n: number) => `01890000-0000-7000-9000-${n.toString(16).padStart(12, '0')}`
const { sid: session, sub: user, jti: token } = goodClaims
/** A token that lives a minute. */
const signShort = (world: LiveWorld) => world.sign({ exp: Math.floor(world.databaseMs() / 1000) + 60 })
/** From a tick that looks: the most that a look may come late. */
const tickMs = 50

const levels: Record<string, RevocationEntry> = {
  token: { type: 'token', subject: token },
  session: { type: 'session', subject: session },
  user: { type: 'user', subject: user, minTv: 2 },
  key: { type: 'key', subject: 'k1' },
  issuer: { type: 'issuer', subject: goodClaims.iss, until: 2_000_000_000 },
}

for (const [level, entry] of Object.entries(levels)) {
  test(`a revocation of the ${level} ends the call at once, with REVOKED`, () => {
    const world = new LiveWorld()
    const opened = world.open(world.sign())
    const { signal } = opened.call
    world.revoke(entry)
    assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAUTHENTICATED', 'REVOKED'])
    assert.equal(signal.aborted, true)
    assert.deepEqual([signal.reason.name, signal.reason.reason], ['AuthError', 'REVOKED'])
    assert.equal(world.calls.status().open, 0)
    assert.deepEqual(world.calls.status().ended, { REVOKED: 1 })
  })
}

test('R8 calls that the revocation does not name go on', async () => {
  const world = new LiveWorld()
  const others = [
    world.open(world.sign({ jti: id(10) })),
    world.open(world.sign({ jti: id(11), sid: id(12), sub: id(13) })),
    world.open(world.sign({ jti: id(14), sid: id(15), tv: 2 })),
  ]
  world.revoke({ type: 'token', subject: token })
  world.revoke({ type: 'session', subject: id(99) })
  world.revoke({ type: 'key', subject: 'k2' })
  world.revoke({ type: 'issuer', subject: goodClaims.iss, until: 1 })
  await world.pass(10_000)
  assert.deepEqual(
    others.map(({ ended }) => ended()),
    [undefined, undefined, undefined],
  )
  world.revoke({ type: 'user', subject: user, minTv: 2 })
  assert.deepEqual(
    others.map(({ ended }) => ended()?.reason),
    ['REVOKED', undefined, undefined],
  )
})

test('a call whose token the view revokes already may not open, and is not watched', () => {
  const world = new LiveWorld()
  world.view.add({ type: 'session', subject: session })
  assert.throws(() => world.open(world.sign()), { name: 'AuthError', reason: 'REVOKED' })
  assert.equal(world.calls.status().open, 0)
})

test('with 10,000 calls open, a revocation is compared with those it names and no other', () => {
  const world = new LiveWorld()
  const opened = Array.from({ length: 10_000 }, (_, n) =>
    world.open(world.sign({ jti: id(n), sid: id(20_000 + Math.floor(n / 2)), sub: id(40_000 + n) })),
  )
  const compared = () => world.calls.status().compared
  world.revoke({ type: 'token', subject: id(7) })
  assert.equal(compared(), 1)
  world.revoke({ type: 'session', subject: id(20_050) })
  assert.equal(compared(), 3)
  world.revoke({ type: 'user', subject: id(49_999), minTv: 5 })
  world.revoke({ type: 'user', subject: id(1), minTv: 5 })
  assert.equal(compared(), 4)
  assert.equal(opened.filter(({ ended }) => ended() !== undefined).length, 4)
  for (const { call } of opened) call.close()
  assert.equal(world.calls.status().open, 0)
})

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

for (const wallSkewMs of [-10_000, 0, 10_000]) {
  test(`a call ends when its token expires, by the database's clock, this one being ${wallSkewMs} ms off`, async () => {
    const world = new LiveWorld({ wallSkewMs })
    const opened = world.open(signShort(world))
    const leftMs = (Math.floor(world.databaseMs() / 1000) + 60) * 1000 - world.databaseMs()
    await world.pass(leftMs - 1)
    assert.equal(opened.ended(), undefined)
    await world.pass(tickMs + 500)
    assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAUTHENTICATED', 'EXPIRED'])
  })
}

test('onExpiry "continue" outlives the token, and a later revocation ends it though no entry of its time is kept', async () => {
  const world = new LiveWorld()
  const opened = world.open(signShort(world), { onExpiry: 'continue' })
  await world.pass(150_000)
  assert.equal(opened.ended(), undefined)
  world.freshness.doubt('GAP')
  await world.pass(500)
  world.freshness.complete('e')
  await world.pass(1_000)
  assert.equal(opened.ended(), undefined, 'a short doubt loses no entry')
  world.revoke({ type: 'session', subject: session, expiresAt: new Date(world.databaseMs() + 660_000) })
  assert.equal(opened.ended()?.reason, 'REVOKED')
})

test('onExpiry "continue" with an expired token ends when the view is not FRESH: nobody can be asked about it', async () => {
  const world = new LiveWorld()
  const opened = world.open(signShort(world), { onExpiry: 'continue' })
  await world.pass(70_000)
  world.isHeard = false
  await world.pass(staleMs + tickMs)
  assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAUTHENTICATED', 'EXPIRED'])
})

test('not even allowStale keeps an expired token through an outage', async () => {
  const world = new LiveWorld()
  const opened = world.open(signShort(world), { onExpiry: 'continue', onUnavailable: 'allowStale' })
  world.isHeard = false
  world.answer = unreachable
  await world.pass(50_000)
  assert.equal(opened.ended(), undefined)
  await world.pass(15_000)
  assert.equal(opened.ended()?.reason, 'EXPIRED')
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

test('a closed call is not watched, hears of nothing, and its signal stays as it was', async () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  const { signal } = opened.call
  opened.call.close()
  opened.call.close()
  world.revoke({ type: 'session', subject: session })
  await world.pass(10_000)
  assert.deepEqual([opened.ended(), signal.aborted], [undefined, false])
  assert.equal(world.calls.status().open, 0)
})

test('an ending that throws is logged, and the others are ended', () => {
  const world = new LiveWorld()
  const { call } = world.open(world.sign({ jti: id(1) }))
  call.signal.addEventListener('abort', () => undefined)
  const admission = world.open(world.sign({ jti: id(2) }))
  const bad = world.sign({ jti: id(3) })
  const { principal } = admission.call
  const askedAt = { monotonicMs: 0, wallMs: 0 }
  world.calls.open({ principal, token: bad, rules: {}, askedAt }, () => {
    throw new Error('broken')
  })
  world.revoke({ type: 'user', subject: user, minTv: 9 })
  assert.equal(world.calls.status().open, 0)
  assert.deepEqual(world.logged, ['a call could not be ended'])
})

test('closing the watch ends every call with UNAVAILABLE, and no other opens', () => {
  const world = new LiveWorld()
  const opened = world.open(world.sign())
  world.calls.close()
  assert.deepEqual([opened.ended()?.code, opened.ended()?.reason], ['UNAVAILABLE', 'CLOSED'])
  assert.throws(() => world.open(world.sign()), { code: 'UNAVAILABLE', reason: 'CLOSED' })
})

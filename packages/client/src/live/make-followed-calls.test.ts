import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveWorld, staleMs, unreachable } from '../test/live-world.ts'
import { goodClaims } from '../test/make-issuer.ts'

const { sid: session } = goodClaims
/** A token that lives a minute. */
const signShort = (world: LiveWorld) => world.sign({ exp: Math.floor(world.databaseMs() / 1000) + 60 })
/** From a tick that looks: the most that a look may come late. */
const tickMs = 50

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

test('R11 after a pause that outlasts entries, an expired token of a call that continues is not taken for good', async () => {
  const world = new LiveWorld()
  const lives = world.open(world.sign({ jti: goodClaims.sub }), { onExpiry: 'continue' })
  const opened = world.open(signShort(world), { onExpiry: 'continue' })
  await world.pass(1_000)
  // The process stood still; the view is FRESH again before anybody has looked at the calls.
  world.clock.wallSkewMs += 400_000
  world.measure()
  world.beat()
  await world.pass(tickMs)
  assert.deepEqual([opened.ended()?.reason, lives.ended()], ['EXPIRED', undefined])
})

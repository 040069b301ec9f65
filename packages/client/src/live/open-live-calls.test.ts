import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveWorld } from '../test/live-world.ts'
import { goodClaims } from '../test/make-issuer.ts'
import type { RevocationEntry } from '../verifier/revocation.ts'

const id = (n: number) => `01890000-0000-7000-9000-${n.toString(16).padStart(12, '0')}`
const { sid: session, sub: user, jti: token } = goodClaims

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

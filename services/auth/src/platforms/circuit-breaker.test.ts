import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCircuitBreaker } from './circuit-breaker.ts'
import { PlatformError } from './platform-error.ts'

function makeTestBreaker() {
  let nowMs = 0
  let calls = 0
  const breaker = makeCircuitBreaker({ monotonicMs: () => nowMs }, () => 0.5)
  const fail = (fault: 'UNAVAILABLE' | 'REFUSED') =>
    breaker.run(async () => {
      calls += 1
      throw new PlatformError(fault, 'no')
    })
  const failOften = async () => {
    for (let at = 0; at < 5; at += 1) await assert.rejects(fail('UNAVAILABLE'))
  }
  return { breaker, fail, failOften, calls: () => calls, pass: (ms: number) => (nowMs += ms) }
}

test('after five failures in a row nobody calls for a while, and all are told until when', async () => {
  const { breaker, fail, failOften, calls } = makeTestBreaker()
  await failOften()
  assert.equal(breaker.isOpen, true)
  await assert.rejects(fail('UNAVAILABLE'), { retryAfterMs: 5_000 })
  assert.equal(calls(), 5)
})

test('then a single call tries, and its success lets all pass', async () => {
  const { breaker, failOften, pass } = makeTestBreaker()
  await failOften()
  pass(5_001)
  const slow = Promise.withResolvers<string>()
  const first = breaker.run(() => slow.promise)
  await assert.rejects(breaker.run(async () => 'second'))
  slow.resolve('first')
  assert.equal(await first, 'first')
  assert.equal(await breaker.run(async () => 'third'), 'third')
  assert.equal(breaker.isOpen, false)
})

test('calls that were on their way when it opened make the pause no longer, and let nobody pass', async () => {
  const { breaker, failOften, pass } = makeTestBreaker()
  const late = Array.from({ length: 20 }, () => Promise.withResolvers<never>())
  const running = late.map(({ promise }) => breaker.run(() => promise))
  await failOften()
  const isDown = new PlatformError('UNAVAILABLE', 'down')
  for (const { reject } of late.slice(1)) reject(isDown)
  await Promise.allSettled(running.slice(1))
  pass(5_001)
  const trial = Promise.withResolvers<string>()
  const tried = breaker.run(() => trial.promise)
  late[0]?.reject(isDown)
  await assert.rejects(running[0] ?? Promise.resolve(), { message: 'down' })
  await assert.rejects(
    breaker.run(async () => 'beside the trial'),
    { message: 'it has failed too often' },
  )
  trial.resolve('up')
  assert.equal(await tried, 'up')
})

test('a pause that did not help is followed by a longer one', async () => {
  const { breaker, fail, failOften, pass } = makeTestBreaker()
  await failOften()
  pass(5_001)
  await assert.rejects(fail('UNAVAILABLE'))
  pass(9_000)
  assert.equal(breaker.isOpen, true)
  pass(1_001)
  assert.equal(breaker.isOpen, false)
})

test('refusals are answers: they open nothing', async () => {
  const { breaker, fail, calls } = makeTestBreaker()
  for (let at = 0; at < 20; at += 1) await assert.rejects(fail('REFUSED'))
  assert.equal(breaker.isOpen, false)
  assert.equal(calls(), 20)
})

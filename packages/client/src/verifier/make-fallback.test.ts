import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthError } from '../auth-error.ts'
import type { Principal } from '../principal.ts'
import { tokenRefusal } from '../token-refusal.ts'
import { makeFallback } from './make-fallback.ts'
import { type JoinedCalls, makeJoinedCalls } from './make-joined-calls.ts'
import { makeRandom, VirtualClock, VirtualTime } from './test/virtual-time.ts'

const someone = { userId: 'u' } as Principal

/** Asks at random moments, and says how many answers came from a call that was sent before the question. */
async function countOldAnswers(
  makeJoined: () => JoinedCalls<number>,
): Promise<{ old: number; calls: number }> {
  const time = new VirtualTime()
  const random = makeRandom(1)
  const join = makeJoined()
  let old = 0
  let calls = 0
  const call = async (): Promise<number> => {
    calls++
    const sentMs = time.nowMs
    await time.sleep(20)
    if (calls % 7 === 0) throw new Error('lost')
    return sentMs
  }
  for (let n = 0; n < 1_000; n++) {
    time.at(random() * 1_000, () => {
      const askedMs = time.nowMs
      void join('token', call).then(
        (sentMs) => {
          if (sentMs < askedMs) old++
        },
        () => undefined,
      )
    })
  }
  await time.run(2_000)
  return { old, calls }
}

/** Joins what is under way: the known-bad variant. */
function makeJoinedWithLater<Value>(): JoinedCalls<Value> {
  const underWay = new Map<string, Promise<Value>>()
  return (key, call) => {
    const known = underWay.get(key)
    if (known !== undefined) return known
    const promise = call().finally(() => underWay.delete(key))
    underWay.set(key, promise)
    return promise
  }
}

test('R2: a question joins only a call that is sent after it; a thousand questions take few calls', async () => {
  const { old, calls } = await countOldAnswers(makeJoinedCalls)
  assert.equal(old, 0)
  assert.ok(calls <= 53, `${calls} calls`)
})

test('R2 catches: a look-up shared with requests that came later', async () => {
  assert.ok((await countOldAnswers(makeJoinedWithLater)).old > 0)
})

test('questions about other tokens, audiences or roles are not joined', async () => {
  let asked = 0
  const clock = new VirtualClock(new VirtualTime())
  const ask = async () => {
    asked++
    return someone
  }
  const { verify } = makeFallback({ ask, clock })
  await Promise.all([
    verify('a'),
    verify('a'),
    verify('b'),
    verify('a', { audience: 'x' }),
    verify('a', { requiredRoles: ['r'] }),
  ])
  assert.equal(asked, 4)
})

test('what ValidateToken says is passed on and is no outage; whatever else fails is UNAVAILABLE', async () => {
  const clock = new VirtualClock(new VirtualTime())
  const failWith = (error: Error) => makeFallback({ ask: () => Promise.reject(error), clock })
  const refusal = tokenRefusal('REVOKED')
  const refusing = failWith(refusal)
  for (let n = 0; n < 50; n++) await assert.rejects(refusing.verify(`${n}`), refusal)
  assert.equal(refusing.breaker.state, 'CLOSED')
  const cause = new Error('socket')
  await assert.rejects(failWith(cause).verify('t'), { name: 'AuthError', code: 'UNAVAILABLE', cause })
  await assert.rejects(failWith(new TypeError('too many roles')).verify('t'), TypeError)
})

test('an answer that does not come is UNAVAILABLE after the deadline, waiting in line included', async () => {
  const time = new VirtualTime()
  const { verify } = makeFallback({
    ask: () => new Promise(() => {}),
    clock: new VirtualClock(time),
    deadlineMs: 300,
  })
  const ends: number[] = []
  const ask = () =>
    void verify('t').catch((error: AuthError) => {
      assert.deepEqual([error.code, error.reason], ['UNAVAILABLE', 'DEADLINE_EXCEEDED'])
      ends.push(time.nowMs)
    })
  time.at(0, ask)
  time.at(200, ask)
  await time.run(2_000)
  assert.deepEqual(ends, [300, 500])
})

test('a service that fails is left alone, with longer waits, and one probe finds out when it is back', async () => {
  const time = new VirtualTime()
  let isDown = true
  let asked = 0
  const { verify, breaker } = makeFallback({
    ask: async () => {
      asked++
      if (isDown) throw new Error('down')
      return someone
    },
    clock: new VirtualClock(time),
    random: () => 1,
    maxInFlight: 8,
  })
  const askEvery = (): void => {
    void verify(`${time.nowMs}`).catch(() => undefined)
    time.after(10, askEvery)
  }
  askEvery()
  await time.run(1_000)
  assert.equal(breaker.state, 'OPEN')
  assert.ok(asked <= 10 + 2, `${asked}: those that opened it, and two probes`)
  await time.run(60_000)
  assert.ok(asked <= 10 + 12, `${asked}`)
  isDown = false
  await time.run(75_000)
  assert.equal(breaker.state, 'CLOSED')
})

test('no more than the given number are under way at once', async () => {
  const clock = new VirtualClock(new VirtualTime())
  const { verify } = makeFallback({ ask: () => new Promise(() => {}), clock, maxInFlight: 2 })
  void verify('a').catch(() => undefined)
  void verify('b').catch(() => undefined)
  await assert.rejects(verify('c'), { code: 'UNAVAILABLE', reason: 'TOO_MANY_WAITING' })
})

interface Herd {
  /** Of answered questions once the service is back, in milliseconds. */
  readonly p99Ms: number
  readonly maxWaiting: number
  readonly reopened: number
  readonly good: number
}

/** A service of 1,000 calls/s that is down for 5 s while 50 services, with four fifths of its capacity, fall back on it. */
async function simulateHerd(): Promise<Herd> {
  const time = new VirtualTime()
  const random = makeRandom(9)
  const backAtMs = 6_000
  let freeAtMs = 0
  let maxWaiting = 0
  const latencies: number[] = []
  let reopened = 0
  const ask = async (): Promise<Principal> => {
    if (time.nowMs < backAtMs) {
      await time.sleep(50)
      throw new Error('down')
    }
    freeAtMs = Math.max(freeAtMs, time.nowMs) + 1
    maxWaiting = Math.max(maxWaiting, freeAtMs - time.nowMs)
    await time.sleep(freeAtMs - time.nowMs)
    return someone
  }
  for (let n = 0; n < 50; n++) {
    const { verify, breaker } = makeFallback({
      ask,
      clock: new VirtualClock(time),
      random,
      maxInFlight: 16,
      deadlineMs: 1_000,
    })
    let before = breaker.state
    const askEvery = (): void => {
      const startedMs = time.nowMs
      void verify(`${n}-${startedMs}`).then(
        () => latencies.push(time.nowMs - startedMs),
        () => undefined,
      )
      if (before === 'CLOSED' && breaker.state === 'OPEN' && time.nowMs > backAtMs) reopened++
      before = breaker.state
      // Each asks 16 times a second: four fifths of the capacity together.
      time.after(30 + random() * 65, askEvery)
    }
    time.at(1_000 + random() * 60, askEvery)
  }
  await time.run(20_000)
  latencies.sort((a, b) => a - b)
  const p99Ms = latencies[Math.floor(latencies.length * 0.99)] ?? Number.POSITIVE_INFINITY
  return { p99Ms, maxWaiting, reopened, good: latencies.length }
}

test('R12: all services falling back at once: short waits once it is back, and no oscillation', async (t) => {
  const { p99Ms, maxWaiting, reopened, good } = await simulateHerd()
  t.diagnostic(
    `p99 ${p99Ms} ms, at most ${maxWaiting} ms of work waiting, reopened ${reopened}, ${good} answered`,
  )
  assert.ok(p99Ms <= 100, `${p99Ms}`)
  assert.ok(maxWaiting <= 200, `${maxWaiting}`)
  assert.equal(reopened, 0)
  assert.ok(good > 50 * 16 * 8, `${good}`)
})

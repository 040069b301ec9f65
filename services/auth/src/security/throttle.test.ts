import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import type { Counters } from '../domain/counter.ts'
import { AuthError } from '../domain/errors.ts'
import { noLimits } from '../domain/limit.ts'
import { makeMemoryCounters } from './memory-counters.ts'
import { type Counted, makeThrottle } from './throttle.ts'

const windowMs = 60_000
const [mina, noor]: Counted[] = [
  { limit: 'login_account', subject: 'mina' },
  { limit: 'login_account', subject: 'noor' },
] as const

function open(count = 2) {
  const state = { nowMs: 0, asked: 0 }
  const memory = makeMemoryCounters({ now: () => new Date(state.nowMs) })
  const counters: Counters = {
    ...memory,
    take: (wanted) => {
      state.asked += 1
      return memory.take(wanted)
    },
  }
  const throttle = makeThrottle({
    limits: { ...noLimits, login_account: [{ count, windowMs }] },
    counters,
    clock: { monotonicMs: () => state.nowMs },
    keyRing: { fingerprintKey: createSecretKey(Buffer.alloc(32)) },
    onRefused: () => undefined,
  })
  const begin = (one: Counted = mina as Counted) => throttle.begin('TOO_MANY_LOGINS', [one])
  return { state, throttle, begin }
}

const isRefusedFor = (retryAfterMs: number) => (error: unknown) => {
  assert.ok(error instanceof AuthError)
  assert.deepEqual([error.reason, error.details.retryAfterMs], ['TOO_MANY_LOGINS', retryAfterMs])
  return true
}

test('whoever is refused again and again asks the counters ten times a second, and is told the same end', async () => {
  const { begin, state } = open()
  await begin()
  await begin()
  for (let at = 0; at < 1000; at += 1) {
    state.nowMs = at
    await assert.rejects(begin(), isRefusedFor(windowMs - at))
  }
  assert.equal(state.asked, 2 + 10)
})

test('a refusal is of the counter that is full, and of no other', async () => {
  const { begin, throttle } = open(1)
  await begin()
  await assert.rejects(throttle.begin('TOO_MANY_LOGINS', [mina as Counted, noor as Counted]))
  await begin(noor)
})

test('what is given back lets the next one in, a tenth of a second after a refusal at the latest', async () => {
  const { begin, state } = open(1)
  const attempt = await begin()
  await assert.rejects(begin())
  await attempt.giveBack()
  state.nowMs = 100
  await begin()
})

test('what is cleared lets the next one in at once', async () => {
  const { begin, throttle } = open(1)
  await begin()
  await assert.rejects(begin())
  await throttle.clear([mina as Counted])
  await begin()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAllowance } from './make-allowance.ts'

test('a burst passes, what is beyond waits for its share of time, and more than a burst is never saved up', () => {
  const allowance = makeAllowance({ burst: 3, perSecond: 2 })
  const take = (nowMs: number) => allowance.take(nowMs)
  assert.deepEqual([take(1000), take(1000), take(1000), take(1000)], [true, true, true, false])
  assert.deepEqual([take(1400), take(1500), take(1500)], [false, true, false])
  assert.deepEqual([take(60_000), take(60_000), take(60_000), take(60_000)], [true, true, true, false])
  allowance.refill()
  assert.equal(take(60_000), true)
})

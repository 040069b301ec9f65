import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeArrivals } from './make-arrivals.ts'

test('an address has so many in a window, whoever else comes, and all of them again in the next', () => {
  const arrivals = makeArrivals({ count: 2, windowMs: 1_000 })
  const take = (...at: number[]) => at.map((nowMs) => arrivals.take('a', nowMs))
  assert.deepEqual(take(0, 10, 20, 999), [true, true, false, false])
  assert.equal(arrivals.take('b', 999), true)
  assert.deepEqual(take(1_000, 1_001, 1_002), [true, true, false])
  assert.deepEqual(take(5_500), [true])
})

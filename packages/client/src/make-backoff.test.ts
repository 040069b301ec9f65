import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBackoff } from './make-backoff.ts'

test('waits double up to the maximum, between half and the whole of their step, and begin again after a success', () => {
  for (const [random, factor] of [
    [() => 0, 0.5],
    [() => 1, 1],
  ] as const) {
    const backoff = makeBackoff({ firstMs: 100, maxMs: 350, random })
    assert.deepEqual(
      [1, 2, 3, 4].map(() => backoff.next()),
      [100, 200, 350, 350].map((step) => step * factor),
    )
    backoff.reset()
    assert.equal(backoff.next(), 100 * factor)
  }
})

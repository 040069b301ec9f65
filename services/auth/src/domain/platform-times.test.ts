import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toIdleRenewalMs, toPauseMs } from './platform-times.ts'

const hourMs = 3_600_000
const times = { firstPauseMs: 1_000, longestPauseMs: 300_000 }

test('grants that are made together are renewed over a quarter of the time that they may rest, and before its end', () => {
  const due = Array.from({ length: 100 }, (_, n) => toIdleRenewalMs(hourMs, n / 100))
  assert.equal(new Set(due).size, 100)
  assert.equal(Math.min(...due), 0.75 * hourMs)
  assert.ok(Math.max(...due) < hourMs)
})

test('pauses double up to the longest, and are not the same for all', () => {
  const pauses = [0, 1, 2, 8, 9, 1_000].map((failures) => toPauseMs(times, failures, 0.5))
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 256_000, 300_000, 300_000])
  assert.deepEqual([toPauseMs(times, 0, 0), toPauseMs(times, 0, 1)], [750, 1_250])
})

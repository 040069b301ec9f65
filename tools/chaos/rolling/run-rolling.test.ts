import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMissing } from '../world/find-missing.ts'
import { runRolling } from './run-rolling.ts'

const skip = await findMissing({ kafka: false })

test('a rolling restart under load, keys, authority and certificates rotated in the middle, loses no acknowledged write and shows UNAVAILABLE only', {
  skip,
}, async (t) => {
  const { signal } = new AbortController()
  const run = { rounds: 1, betweenMs: 500, seed: 1, signal, tell: (line: string) => t.diagnostic(line) }
  const { violations, acknowledged, restarts } = await runRolling(run)
  assert.deepEqual(violations, [])
  assert.equal(restarts, 2)
  assert.ok(acknowledged > 0, 'nobody wrote')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMissing } from '../world/find-missing.ts'
import { runRefresh } from './run-refresh.ts'

const skip = await findMissing({ kafka: false })

test('T12: families refreshed by several clients under kills are linearizable', { skip }, async (t) => {
  const seed = Date.now() % 1_000_000
  const { signal } = new AbortController()
  const result = await runRefresh({ faults: 4, seed, signal, tell: () => undefined })
  const { violations, families, unanswered } = result
  t.diagnostic(`${families} families, ${unanswered} refreshes without an answer, seed ${seed}`)
  assert.deepEqual(violations, [], `seed ${seed}`)
  assert.ok(families > 0 && unanswered > 0, 'no answer was lost')
})

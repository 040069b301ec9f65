import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findKcatSkip } from '../../../services/auth/test/kafka-reader.ts'
import { findMissing } from '../world/find-missing.ts'
import { runEvents } from './run-events.ts'
import { toEventsReport } from './to-events-report.ts'

const skip = (await findMissing({ kafka: true })) || (await findKcatSkip())

test('O1–O9: no event is lost, invented or out of order while processes, ways, database and broker fail', {
  skip,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  const { signal } = new AbortController()
  const result = await runEvents({ faults: 6, seed, calmMs: 1_500, people: 8, signal, tell: () => undefined })
  t.diagnostic(`seed ${seed}\n${toEventsReport(result)}`)
  assert.deepEqual(result.violations, [], `seed ${seed}`)
  const { committed, firsts, heartbeats } = result
  assert.ok(committed.events.length > 100, `only ${committed.events.length} events`)
  assert.equal(firsts.size, committed.events.length)
  assert.ok(committed.revocations.length > 0 && heartbeats > 0, 'nothing was revoked')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findKcatSkip } from '../../../services/auth/test/kafka-reader.ts'
import { findMissing } from '../world/find-missing.ts'
import { runEvents } from './run-events.ts'
import { toEventsReport } from './to-events-report.ts'

const skip = (await findMissing({ kafka: true })) || (await findKcatSkip())

const common = { calmMs: 1_500, people: 8, signal: new AbortController().signal, tell: () => undefined }

test('O1–O9: no event is lost, invented or out of order while processes, ways, database and broker fail', {
  skip,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  const result = await runEvents({ ...common, faults: 6, seed })
  t.diagnostic(`seed ${seed}\n${toEventsReport(result)}`)
  assert.deepEqual(result.violations, [], `seed ${seed}`)
  const { committed, topics, heartbeats } = result
  assert.ok(committed.events.length > 100, `only ${committed.events.length} events`)
  assert.equal(topics.firsts.size, committed.events.length)
  assert.ok(committed.revocations.length > 0 && heartbeats.heartbeats > 0, 'nothing was revoked')
})

test('a relay that marks events before they are published, and publishes what was never committed, is found out', {
  skip,
}, async () => {
  const { violations } = await runEvents({ ...common, faults: 0, seed: 1, calmMs: 2_500, variant: 'lossy' })
  const has = (property: string, told: RegExp) =>
    assert.ok(
      violations.some((one) => one.property === property && told.test(one.told)),
      `${property} ${told}`,
    )
  has('O2', /^lost: /)
  has('O3', /^phantom: /)
  has('O4', /^out of order: /)
  has('O1', /none of 1 attempts has its|has no /)
  has('O2', /^authctl events reconcile: .*missing/s)
})

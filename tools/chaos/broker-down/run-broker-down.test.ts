import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findKcatSkip } from '../../../services/auth/test/kafka-reader.ts'
import { findMissing } from '../world/find-missing.ts'
import { runBrokerDown } from './run-broker-down.ts'

const skip = (await findMissing({ kafka: true })) || (await findKcatSkip())

test('no login fails while the broker is down, and all their events reach the topics in order once it is back', {
  skip,
}, async () => {
  const { signal } = new AbortController()
  const run = { downMs: 4_000, rounds: 1, warmUpMs: 500, seed: 1, signal, tell: () => undefined }
  const { violations, upMs, downMs, drains, events } = await runBrokerDown(run)
  assert.deepEqual(violations, [])
  assert.ok(upMs.length > 0 && downMs.length > 0, 'nobody logged in')
  assert.ok((drains[0]?.backlog ?? 0) > 0, 'nothing waited for the broker')
  assert.ok(events > upMs.length + downMs.length, 'a login has no event')
})

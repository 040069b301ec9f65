import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findKcatSkip } from '../../../services/auth/test/kafka-reader.ts'
import { findMissing } from '../world/find-missing.ts'
import { runConsumers } from './run-consumers.ts'
import { toConsumersReport } from './to-consumers-report.ts'

const skip = (await findMissing({ kafka: true })) || (await findKcatSkip())

test('consumers that are killed handle every event once and in order; those known to be wrong are found out', {
  skip,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  const result = await runConsumers({
    kills: 10,
    eventsPerSecond: 60,
    seed,
    groups: [
      { group: 'classic', groupProtocol: 'classic', variant: 'good' },
      { group: 'kip-848', groupProtocol: 'consumer', variant: 'good' },
      { group: 'no-inbox', groupProtocol: 'classic', variant: 'no-inbox', size: 1, killAt: 'committed' },
      { group: 'mark-first', groupProtocol: 'classic', variant: 'mark-first', size: 1, killAt: 'marked' },
    ],
    signal: new AbortController().signal,
    tell: () => undefined,
  })
  t.diagnostic(`seed ${seed}\n${toConsumersReport(result)}`)
  const [classic, young, withoutInbox, markedFirst] = result.groups
  assert.deepEqual(classic?.violations, [], `seed ${seed}`)
  assert.deepEqual(young?.violations, [], `seed ${seed}`)
  assert.ok(withoutInbox?.violations.some(({ property }) => property === 'twice'))
  assert.ok(markedFirst?.violations.some(({ property }) => property === 'lost'))
})

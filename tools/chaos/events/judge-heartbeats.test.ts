import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeHeartbeats } from './judge-heartbeats.ts'
import type { TopicRecord } from './topic-record.ts'

const startMs = Date.parse('2026-01-31T12:00:00.000Z')

const revocations = [1, 2, 3].map((number) => ({
  id: `revocation-${number}`,
  subject: `session-${number}`,
  epoch: 'one',
  number,
  committedAt: new Date(startMs + number * 1_000),
}))

/** Callers were told of each 100 ms after its commit. */
const toldAtMs = new Map(revocations.map(({ id, committedAt }) => [id, committedAt.getTime() + 100]))

type Written = Pick<TopicRecord, 'key' | 'value' | 'headers'>

function entry(number: number, change: Partial<Written> = {}): Written {
  const subject = `session-${number}`
  const value = JSON.stringify({ rseq: String(number), subject })
  return { key: subject, value, headers: { ce_id: `revocation-${number}` }, ...change }
}

/** A heartbeat that says: everything up to this number, as of so long after the start. */
function beat(rseqHi: number, afterMs: number, term = 1): Written {
  const asOf = new Date(startMs + afterMs).toISOString()
  const value = JSON.stringify({ epoch: 'one', term: String(term), rseqHi: String(rseqHi), asOf })
  return { key: 'heartbeat', value, headers: {} }
}

function judge(...written: readonly Written[]) {
  const place = { topic: 'auth.events.token_blacklist', partition: 0, appendedAtMs: startMs }
  const records = written.map((record, offset) => ({ ...place, ...record, offset }))
  return judgeHeartbeats(revocations, records, toldAtMs)
}

const find = (...written: readonly Written[]) =>
  judge(...written).violations.map(({ property, told }) => `${property} ${told}`)

describe('the topic of revocations, held against what was committed and told', () => {
  test('entries in their order, repetitions, and heartbeats behind what they speak of are right', () => {
    const { violations, ...counts } = judge(
      ...[entry(1), beat(1, 2_050), entry(2), entry(1), entry(2), beat(2, 3_050), entry(3), beat(3, 9_000)],
    )
    assert.deepEqual([violations, counts], [[], { heartbeats: 3, repetitions: 2 }])
  })

  test('a lost, an invented, a changed and a reordered entry are found', () => {
    assert.match(find(entry(1), entry(2))[0] ?? '', /^O2 lost: revocation revocation-3/)
    assert.match(find(entry(1), entry(2), entry(3), entry(4))[0] ?? '', /^O3 phantom/)
    assert.match(find(entry(1), entry(2, { value: entry(3).value }), entry(3))[0] ?? '', /^O3 changed/)
    assert.match(find(entry(1), entry(3), entry(2))[0] ?? '', /^O4 out of order: revocation 3/)
  })

  test('O8: a heartbeat before an entry whose number it names is found', () => {
    assert.match(find(entry(1), entry(2), beat(3, 0), entry(3))[0] ?? '', /^O8 .*revocation-3/)
  })

  test('O8: a heartbeat before an entry of which a caller was told earlier is found, whatever number it names', () => {
    assert.match(find(entry(1), entry(2), beat(2, 3_102), entry(3))[0] ?? '', /^O8 .*revocation-3/)
    assert.deepEqual(find(entry(1), entry(2), beat(2, 3_100), entry(3)), [])
  })

  test('O9: a heartbeat of a leader that was replaced is not believed, and so is no fault', () => {
    assert.deepEqual(find(entry(1), entry(2), beat(2, 0, 2), beat(2, 3_102, 1), entry(3)), [])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertCaught } from '../assert-caught.ts'
import { prepareThread } from '../thread/prepare-thread.ts'
import { eventVariants } from './event-variants.ts'
import { simulateEventSeed } from './simulate-event-seed.ts'

const seeds = 120

/** A seed that finds each variant out, see `simulate.test.ts`; `npm run simulate -- events --variants` tells the first. */
const catchingSeeds: Readonly<Record<string, number>> = {
  'a cursor by id': 1,
  'a cursor stamped now()': 1,
  'SKIP LOCKED by two workers': 4,
  'mark before ack': 3,
  '1 s broker time-out with pipelining': 4,
  'pub_seq in memory': 4,
  "as_of read after the revocations' snapshot": 14,
  "as_of read after the states' snapshot": 5,
  'a lock without idle time-out': 54,
  'heartbeat without term': 14,
  'a compacted topic without fencing': 558,
}

const nextTurn = prepareThread()

test('no seed breaks O1 to O8, O10 or O11, and every world drains', async (t) => {
  const sum: Record<string, number> = {}
  for (let seed = 1; seed <= seeds; seed++) {
    const { counts, violations } = await simulateEventSeed(seed)
    assert.deepEqual(violations, [], `seed ${seed}: npm run simulate -- events --seed ${seed}`)
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
    await nextTurn()
  }
  t.diagnostic(JSON.stringify(sum))
  assert.ok(Number(sum.events) > 10 * seeds, 'a world in which nothing happens shows nothing')
  assert.ok(Number(sum.repeated) > 0, 'no record was ever sent twice')
})

test('the same seed gives the same course of events', async () => {
  const [first, second] = [await simulateEventSeed(7, {}, true), await simulateEventSeed(7, {}, true)]
  assert.deepEqual(second.trace, first.trace)
  assert.ok(first.trace.length > 20)
})

for (const { name } of eventVariants) {
  test(`caught: ${name}`, () => assertCaught('events', name, catchingSeeds[name], nextTurn))
}

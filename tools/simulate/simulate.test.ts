import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertCaught } from './assert-caught.ts'
import { simulateSeed } from './simulate-seed.ts'
import { prepareThread } from './thread/prepare-thread.ts'
import { variants } from './variants/variants.ts'

const seeds = 120

/** A seed that finds each variant out; `npm run simulate -- --variants` tells the first. */
const catchingSeeds: Readonly<Record<string, number>> = {
  'lag 0 as freshness': 20,
  '`latest` reset': 20,
  'snapshot before subscribe': 32,
  'wall clock only': 239,
  'monotonic clock only': 62,
  'evicting cache for R': 2,
  'skipping poison': 20,
  'offset measured to a replica': 1,
  'issuer entries that expire': 38,
  'kid entries that expire': 8,
  'an unknown key called a bad signature': 1,
  'a question joined to a call that was sent before': 151,
  'heartbeat without a database read': 66,
  'as_of read after the rows': 1411,
  'look-up shared with requests that came later': 313,
  'positive answers kept for a second': 2,
  'iat from the clock of the process': 1,
  "a login that does not lock its user's row": 3,
  'revocations numbered by a cursor': 2,
  'entries kept too short': 11,
  'a rotation that ignores ended sessions': 1,
  'a grace that renews its window': 3,
  'theft that does not end the session': 20,
  'a lost answer of COMMIT called a bad token': 46,
}

const nextTurn = prepareThread()

test('no seed breaks R1, R2, R5 to R11, T1 to T8, T10, T12, and every world recovers', async (t) => {
  const sum = { localAccepts: 0, refusals: 0, validations: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const { counts, violations } = await simulateSeed(seed)
    assert.deepEqual(violations, [], `seed ${seed}: npm run simulate -- --seed ${seed}`)
    for (const name of ['localAccepts', 'refusals', 'validations'] as const) sum[name] += counts[name] ?? 0
    await nextTurn()
  }
  t.diagnostic(JSON.stringify(sum))
  for (const count of Object.values(sum))
    assert.ok(count > 10 * seeds, 'a world in which nothing happens shows nothing')
})

test('the same seed gives the same course of events', async () => {
  const [first, second] = [await simulateSeed(7, {}, true), await simulateSeed(7, {}, true)]
  assert.deepEqual(second.trace, first.trace)
  assert.ok(first.trace.length > 20)
})

for (const { name } of variants) {
  test(`caught: ${name}`, () => assertCaught('tokens', name, catchingSeeds[name], nextTurn))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMissing } from '../world/find-missing.ts'
import { runRaces } from './run-races.ts'

const skip = await findMissing({ kafka: false })

test('R9 T10: of a login or refresh that races with a revocation nothing works after', { skip }, async () => {
  const { signal } = new AbortController()
  const { counts, violations } = await runRaces({ count: 270, seed: Date.now() % 1_000_000, signal })
  assert.deepEqual(violations, [])
  const [races, issued] = [...counts.values()].reduce(
    ([races, issued], count) => [races + count.races, issued + count.issued],
    [0, 0],
  )
  assert.equal(races, 270)
  assert.ok(issued > 0 && issued < races, `tokens were issued in ${issued}: that was no race`)
})

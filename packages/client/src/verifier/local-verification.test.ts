import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulateClient } from './test/simulate-client.ts'
import { variants } from './test/variants.ts'

const seeds = 60

test('R1, R7, R8: over every fault, skew of 10 s and drift of 200 ppm, no seed breaks the promise', async (t) => {
  let accepts = 0
  let local = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulateClient(seed)
    assert.deepEqual(result.violations.slice(0, 3), [], `seed ${seed}`)
    accepts += result.accepts
    local += result.localAccepts
  }
  t.diagnostic(`${accepts} accepts, ${local} decisions in process`)
  assert.ok(local > seeds * 200, `${local} decisions in process: the simulation must let clients work`)
})

for (const [name, variant] of Object.entries(variants)) {
  // Needs a revocation within a few milliseconds: R5's test puts one there.
  if (name === 'snapshot before subscribe') continue
  test(`the simulation catches: ${name}`, async (t) => {
    for (let seed = 1; seed <= 4 * seeds; seed++) {
      const { violations } = await simulateClient(seed, variant)
      const violation = violations.find((text) => text.startsWith('R1'))
      if (violation === undefined) continue
      t.diagnostic(`seed ${seed}: ${violation}`)
      return
    }
    assert.fail('no seed has caught it')
  })
}

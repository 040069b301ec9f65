import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulateClient } from './test/simulate-client.ts'

const seeds = 60

test('R1, R7, R8: over every fault, skew of 10 s and drift of 200 ppm, no seed breaks the promise', async () => {
  let accepts = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulateClient(seed)
    assert.deepEqual(result.violations.slice(0, 3), [], `seed ${seed}`)
    accepts += result.accepts
  }
  assert.ok(accepts > seeds * 300, `${accepts} accepts: the simulation must let clients work`)
  console.log(accepts)
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { makeRandom } from '../chaos/make-random.ts'
import { toTimingReport } from './to-timing-report.ts'

const random = makeRandom(7)
const times = (shiftMs: number) => Array.from({ length: 4000 }, () => 150 + shiftMs + random.next())

it('classes that take the same time are not told apart', () => {
  const { holds, text } = toTimingReport({ 'unknown user': times(0), 'wrong password': times(0) })
  assert.ok(holds, text)
  assert.match(text, /unknown user \/ wrong password/)
})

it('a twentieth of a millisecond is seen', () => {
  const { holds, text } = toTimingReport({ 'unknown user': times(0), 'wrong password': times(0.05) })
  assert.equal(holds, false, text)
})

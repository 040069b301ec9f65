import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cropTogether, toMoments, toWelchT } from './welch.ts'

it("Welch's t is the difference of means in standard errors", () => {
  const [one, other] = [
    [1, 2, 3, 4],
    [3, 5, 7, 9],
  ]
  assert.deepEqual(toMoments(one), { count: 4, mean: 2.5, variance: 5 / 3 })
  // (2.5 − 6) / √(5/12 + 20/12)
  assert.ok(Math.abs(toWelchT(one, other) - -3.5 / Math.sqrt(25 / 12)) < 1e-12)
  assert.equal(toWelchT(one, one), 0)
  assert.equal(toWelchT([1, 1], [2, 2]), Number.POSITIVE_INFINITY)
})

it('what is above the quantile of both together is left out of both', () => {
  assert.deepEqual(
    cropTogether(
      [
        [1, 2, 100],
        [3, 4, 5],
      ],
      0.8,
    ),
    [
      [1, 2],
      [3, 4, 5],
    ],
  )
  assert.deepEqual(
    cropTogether(
      [
        [1, 2],
        [3, 4],
      ],
      1,
    ),
    [
      [1, 2],
      [3, 4],
    ],
  )
})

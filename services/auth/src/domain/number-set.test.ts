import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeNumberSet } from './number-set.ts'

test('what was added is there, once and in order, and nothing else', () => {
  const numbers = [3, 0, 7, 8, 65_535, 65_536, 5_000_000_000, 65_536, 9_007_199_254_740_991]
  const set = makeNumberSet()
  for (const number of numbers) set.add(number)
  const sorted = [...new Set(numbers)].sort((one, other) => one - other)
  assert.deepEqual([...set.values()], sorted)
  assert.equal(set.size, sorted.length)
  for (const number of numbers) assert.ok(set.has(number))
  for (const other of [1, 2, 9, 65_534, 65_537, 5_000_000_001, 131_072]) assert.ok(!set.has(other))
})

test('an empty set has nothing', () => {
  const set = makeNumberSet()
  assert.deepEqual([set.size, [...set.values()], set.has(0)], [0, [], false])
})

test('what is no whole number is refused', () => {
  for (const number of [-1, 0.5, Number.NaN, 2 ** 53])
    assert.throws(() => makeNumberSet().add(number), RangeError)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBurstDetector } from './make-burst-detector.ts'

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000)

test('a burst is told when it begins, once', () => {
  const bursts = makeBurstDetector({ failures: 3, windowMs: 60_000 })
  assert.deepEqual(
    [0, 10, 20, 21, 22, 80].map((second) => bursts.note('10.0.0.1', at(second))),
    [undefined, undefined, 3, undefined, undefined, undefined],
  )
})

test('after a quiet window the next burst is told again', () => {
  const bursts = makeBurstDetector({ failures: 2, windowMs: 60_000 })
  assert.deepEqual(
    [0, 1, 62, 63].map((second) => bursts.note('10.0.0.1', at(second))),
    [undefined, 2, undefined, 2],
  )
})

test('failures far apart are no burst, and subjects do not add up', () => {
  const bursts = makeBurstDetector({ failures: 3, windowMs: 60_000 })
  for (let n = 0; n < 50; n += 1) {
    assert.equal(bursts.note('slow', at(n * 31)), undefined)
    assert.equal(bursts.note(`other-${n}`, at(n * 31)), undefined)
  }
})

test('subjects that are quiet are forgotten, so that a flood of addresses fills no memory', () => {
  const bursts = makeBurstDetector({ failures: 3, windowMs: 60_000 })
  for (let n = 0; n < 120_000; n += 1) bursts.note(`address-${n}`, at(0))
  assert.equal(bursts.subjects, 100_000)
  bursts.note('later', at(120))
  assert.equal(bursts.subjects, 1)
})

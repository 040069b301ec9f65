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

test('failures are judged as they happened, in whatever order they are read', () => {
  const minutes = Array.from({ length: 10 }, (_, minute) => at(minute * 60))
  const slow = makeBurstDetector({ failures: 3, windowMs: 60_000 })
  for (const time of [...minutes].reverse()) assert.equal(slow.note('slow', time), undefined)

  const bursts = makeBurstDetector({ failures: 3, windowMs: 60_000 })
  const read = [600, 1200, 10, 1210, 620, 15, 630, 5]
  assert.deepEqual(
    read.map((second) => bursts.note('one', at(second))),
    [undefined, undefined, undefined, undefined, undefined, undefined, 3, 3],
  )
})

test('a burst that is told grows at both ends', () => {
  const bursts = makeBurstDetector({ failures: 2, windowMs: 60_000 })
  assert.deepEqual(
    [100, 101, 50, 160, 215, 300, 301].map((second) => bursts.note('one', at(second))),
    [undefined, 2, undefined, undefined, undefined, undefined, 2],
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
  bursts.note('later', at(60 + 3600))
  assert.equal(bursts.subjects, 100_000, 'partitions may be an hour apart')
  bursts.note('later', at(61 + 3600))
  assert.equal(bursts.subjects, 1)
})

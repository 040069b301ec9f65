import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findGrowth } from './find-growth.ts'
import { readBuckets, toQuantileMs } from './read-buckets.ts'
import type { SoakSample } from './take-samples.ts'

const flat: SoakSample = {
  minute: 1,
  committed: 0,
  handled: 0,
  waiting: 3,
  liveRows: 1_000,
  deadRows: 100,
  tableMegabytes: 50,
  numberingP50Ms: 2,
  numberingP99Ms: 10,
  serviceMegabytes: 120,
}

/** Twenty minutes at 100 events a second, changed by `change`. */
function makeSamples(change: (minute: number) => Partial<SoakSample>): SoakSample[] {
  return Array.from({ length: 20 }, (_, at) => ({
    ...flat,
    minute: at + 1,
    committed: (at + 1) * 6_000,
    ...change(at + 1),
  }))
}

test('what fills while nothing is deleted yet, and stays then, is flat', () => {
  assert.deepEqual(
    findGrowth(
      makeSamples((minute) => ({ liveRows: Math.min(minute, 6) * 1_000 })),
      6,
    ),
    [],
  )
})

test('what goes on growing is named, and events that wait', () => {
  const growing = [
    ['deadRows', /^rows/],
    ['tableMegabytes', /^MB of the table/],
    ['numberingP99Ms', /^ms of numbering, p99/],
    ['serviceMegabytes', /^MB of the service/],
  ] as const
  for (const [name, fault] of growing) {
    const faults = findGrowth(
      makeSamples((minute) => ({ [name]: minute * 1_000 })),
      6,
    )
    assert.equal(faults.length, 1)
    assert.match(faults[0] ?? '', fault)
  }
  assert.deepEqual(
    findGrowth(
      makeSamples((minute) => (minute === 12 ? { waiting: 501 } : {})),
      6,
    ),
    ['minute 12: 501 events waited'],
  )
})

test('too short a run says nothing', () => {
  assert.match(findGrowth(makeSamples(() => ({})).slice(0, 8), 6)[0] ?? '', /too few/)
})

test('quantiles are of what came between two readings of a histogram', () => {
  const read = (...counts: number[]) =>
    readBuckets(
      ['0.001', '0.01', '+Inf']
        .map((le, at) => `x_bucket{le="${le}",lane="events"} ${counts[at]}`)
        .join('\n'),
      'x',
      'lane="events"',
    )
  assert.equal(toQuantileMs(read(0, 100, 100), read(90, 200, 200), 0.5), 1)
  assert.equal(toQuantileMs(read(0, 100, 100), read(90, 200, 200), 0.99), 10)
  assert.equal(toQuantileMs(read(0, 100, 100), read(0, 100, 101), 0.99), Infinity)
  assert.equal(Number.isNaN(toQuantileMs(read(1, 1, 1), read(1, 1, 1), 0.5)), true)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFreshness } from './make-freshness.ts'
import { estimateDatabaseTime } from './measure-offset.ts'
import { makeComplete, makeHands } from './test/make-complete-freshness.ts'

test('UNKNOWN until the view is complete, the clock measured and a heartbeat heard, each named', () => {
  const { clock } = makeHands()
  assert.equal(makeFreshness({ clock }).read().reason, 'BOOTSTRAPPING')
  const { freshness, measure, beat } = makeComplete()
  assert.equal(freshness.read().reason, 'CLOCK_UNMEASURED')
  measure()
  assert.equal(freshness.read().reason, 'NO_HEARTBEAT')
  beat()
  assert.deepEqual(freshness.read().state, 'FRESH')
})

test('FRESH up to S, STALE beyond, by the age at its worst; a call may choose another S', () => {
  const { freshness, measure, beat, pass } = makeComplete()
  measure()
  beat()
  pass(2_990)
  assert.equal(freshness.read().state, 'FRESH')
  pass(20)
  assert.deepEqual([freshness.read().state, freshness.read().reason], ['STALE', 'AGE'])
  assert.equal(freshness.read(4_000).state, 'FRESH')
  assert.equal(freshness.read(1_000).state, 'STALE')
  assert.equal(freshness.read(Number.NaN).state, 'STALE')
})

test('a heartbeat that comes late is as old as it says, however lately it came', () => {
  const { freshness, measure, beat, databaseMs } = makeComplete()
  measure()
  beat(databaseMs() - 5_000)
  assert.equal(freshness.read().state, 'STALE')
})

test('time passes by the faster of the two clocks', () => {
  for (const stopped of ['monotonicMs', 'wallMs'] as const) {
    const { freshness, measure, beat, hands, pass } = makeComplete(1_000_000, { stepMs: 1e9 })
    measure()
    beat()
    const before = hands[stopped]
    pass(3_500)
    hands[stopped] = before
    assert.equal(freshness.read().state, 'STALE', stopped)
  }
})

test('a heartbeat from the future by more than the error is a wrong measurement, which is asked for again', () => {
  const { freshness, measure, beat, databaseMs } = makeComplete()
  measure(100)
  beat(databaseMs() + 40)
  assert.equal(freshness.read().state, 'FRESH')
  beat(databaseMs() + 60)
  assert.equal(freshness.read().reason, 'AHEAD_OF_DATABASE')
  assert.ok(freshness.needsMeasurement)
  measure()
  assert.equal(freshness.read().reason, 'NO_HEARTBEAT')
  beat()
  assert.equal(freshness.read().state, 'FRESH')
})

test('a step of either clock, or of the database, needs a new measurement and a new heartbeat', () => {
  const steps: ((world: ReturnType<typeof makeComplete>) => void)[] = [
    ({ hands }) => (hands.wallMs += 300),
    ({ hands }) => (hands.wallMs -= 300),
    ({ hands }) => (hands.monotonicMs -= 300),
  ]
  for (const step of steps) {
    const world = makeComplete()
    world.measure()
    world.beat()
    step(world)
    assert.equal(world.freshness.read().reason, 'CLOCK_STEP')
    assert.equal(world.freshness.read(1e9).state, 'UNKNOWN')
    world.measure()
    assert.equal(world.freshness.read().reason, 'NO_HEARTBEAT')
  }
  const { freshness, measure, beat, reading, databaseMs } = makeComplete()
  measure()
  beat()
  freshness.measure({ sent: reading(), received: reading(), databaseMs: databaseMs() - 2_000 })
  assert.equal(freshness.read().reason, 'NO_HEARTBEAT')
})

test('a measurement with a longer way replaces none with a shorter, until drift has made that worse', () => {
  const { freshness, measure, beat, pass } = makeComplete()
  measure(10)
  measure(400)
  beat()
  assert.ok((freshness.read().errorMs ?? 0) < 10)
  pass(1_200_000)
  measure(400)
  assert.ok((freshness.read().errorMs ?? 0) < 210)
})

test('a measurement is not used when its error passes the limit', () => {
  const { freshness, measure, beat, pass } = makeComplete(1_000_000, { driftPpm: 200 })
  measure(2_200)
  assert.equal(freshness.read().reason, 'CLOCK_UNMEASURED')
  measure(10)
  pass(5_000_000)
  beat()
  assert.equal(freshness.read().reason, 'CLOCK_UNMEASURED')
  assert.ok(freshness.needsMeasurement)
})

test('an older term, another epoch and an earlier as_of change nothing; a newer term counts', () => {
  const { freshness, measure, beat, pass, databaseMs } = makeComplete()
  measure()
  beat(undefined, { term: 5 })
  pass(3_100)
  beat(undefined, { term: 4 })
  beat(undefined, { term: 6, epoch: 'other' })
  beat(databaseMs() - 9_000, { term: 5 })
  assert.equal(freshness.read().state, 'STALE')
  assert.equal(freshness.term, 5)
  freshness.doubt('GAP')
  freshness.complete('e')
  beat(undefined, { term: 4 })
  assert.equal(freshness.read().reason, 'NO_HEARTBEAT', 'a bootstrap does not make an old leader new')
  beat(undefined, { term: 6 })
  assert.equal(freshness.read().state, 'FRESH')
})

test('a doubt drops the heartbeat and holds until the view is complete again', () => {
  const { freshness, measure, beat } = makeComplete()
  measure()
  beat()
  freshness.doubt('GAP')
  beat()
  measure()
  assert.equal(freshness.read().reason, 'GAP')
  freshness.complete('e')
  assert.equal(freshness.read().reason, 'NO_HEARTBEAT')
})

test('what equals a bound is within it, and one more beyond: the age, a step, the error of a measurement', () => {
  const aged = makeComplete(1_000_000, { driftPpm: 0 })
  aged.measure()
  aged.beat()
  aged.pass(2_999)
  assert.deepEqual([aged.freshness.read().ageMs, aged.freshness.read().state], [3_000, 'FRESH'])
  aged.pass(1)
  assert.deepEqual([aged.freshness.read().ageMs, aged.freshness.read().state], [3_001, 'STALE'])
  for (const [stepMs, reason] of [
    [250, undefined],
    [251, 'CLOCK_STEP'],
  ] as const) {
    const stepped = makeComplete()
    stepped.measure()
    stepped.beat()
    stepped.hands.wallMs += stepMs
    assert.equal(stepped.freshness.read().reason, reason)
    const measured = makeComplete()
    const sent = measured.reading()
    measured.hands.wallMs += stepMs
    measured.freshness.measure({ sent, received: measured.reading(), databaseMs: measured.databaseMs() })
    assert.equal(measured.freshness.read().reason, reason ?? 'NO_HEARTBEAT')
  }
  for (const [roundTripMs, reason] of [
    [1_998, 'NO_HEARTBEAT'],
    [2_000, 'CLOCK_UNMEASURED'],
  ] as const) {
    const { freshness, measure } = makeComplete(1_000_000, { driftPpm: 0 })
    measure(roundTripMs)
    assert.equal(freshness.read().reason, reason)
  }
})

test('the error grows by 200 parts in a million unless another drift is said, and the measurement ends with the limit', () => {
  const { freshness, measure, beat, pass } = makeComplete()
  measure()
  pass(1_000_000)
  beat()
  assert.equal(freshness.read().errorMs, 201)
  pass(3_995_000)
  beat()
  assert.deepEqual([freshness.read().errorMs, freshness.needsMeasurement], [1_000, false])
  pass(1)
  assert.deepEqual([freshness.read().reason, freshness.needsMeasurement], ['CLOCK_UNMEASURED', true])
})

test('why the clocks are not believed is told until they are measured again', () => {
  const { freshness, measure, beat, databaseMs, hands } = makeComplete()
  measure()
  beat(databaseMs() + 60)
  assert.equal(freshness.read().reason, 'AHEAD_OF_DATABASE')
  assert.equal(freshness.read().reason, 'AHEAD_OF_DATABASE')
  measure()
  beat()
  hands.wallMs += 300
  assert.deepEqual([freshness.read().reason, freshness.read().reason], ['CLOCK_STEP', 'CLOCK_STEP'])
})

test('terms of another epoch do not count in a new one, and those of the same still do', () => {
  const { freshness, measure, beat } = makeComplete()
  measure()
  beat(undefined, { term: 5 })
  freshness.doubt('EPOCH_CHANGED')
  freshness.complete('f')
  assert.equal(freshness.term, undefined)
  beat(undefined, { term: 1, epoch: 'f' })
  assert.deepEqual([freshness.read().state, freshness.term], ['FRESH', 1])
})

test('a heartbeat of the same term that says less does not make the view older', () => {
  const { freshness, measure, beat, databaseMs } = makeComplete()
  measure()
  beat()
  beat(databaseMs() - 5_000)
  assert.equal(freshness.read().state, 'FRESH')
  beat(undefined, { term: 1 })
  assert.equal(freshness.read().state, 'FRESH')
})

test('R1: the database’s true time is within the error, and the true age never above the one that is said', () => {
  const scenario = fc.record({
    offsetMs: fc.integer({ min: 0, max: 2_000_000_000 }),
    driftPpm: fc.double({ min: -199, max: 199, noNaN: true }),
    outMs: fc.integer({ min: 0, max: 900 }),
    backMs: fc.integer({ min: 0, max: 900 }),
    onTheWayMs: fc.integer({ min: 0, max: 6_000 }),
    sinceMs: fc.integer({ min: 0, max: 600_000 }),
    laterMs: fc.integer({ min: 0, max: 5_000 }),
  })
  fc.assert(
    fc.property(scenario, ({ offsetMs, driftPpm, outMs, backMs, onTheWayMs, sinceMs, laterMs }) => {
      const { clock, hands, pass, reading } = makeHands()
      const freshness = makeFreshness({ clock })
      let trueMs = 0
      const truePass = (ms: number): void => {
        trueMs += ms
        pass(ms * (1 + driftPpm / 1e6))
      }
      const databaseMs = () => Math.floor(offsetMs + trueMs)
      const sent = reading()
      truePass(outMs)
      const at = databaseMs()
      truePass(backMs)
      const sample = { sent, received: reading(), databaseMs: at }
      freshness.measure(sample)
      freshness.complete('e')
      truePass(sinceMs)
      const asOfTrueMs = trueMs
      const asOf = new Date(databaseMs())
      truePass(onTheWayMs)
      freshness.beat({ kind: 'heartbeat', epoch: 'e', term: 1, rseqHi: 0, asOf, intervalMs: 500 })
      truePass(laterMs)
      const { ms, errorMs } = estimateDatabaseTime(sample, { ...hands }, 200)
      assert.ok(Math.abs(ms - (offsetMs + trueMs)) <= errorMs)
      const { state, ageMs } = freshness.read()
      assert.notEqual(freshness.read().reason, 'AHEAD_OF_DATABASE')
      if (ageMs !== undefined) assert.ok(ageMs >= trueMs - asOfTrueMs - 0.001, `${ageMs}`)
      if (state === 'FRESH') assert.ok(trueMs - asOfTrueMs <= 3_000.001)
    }),
    { numRuns: 2_000 },
  )
})

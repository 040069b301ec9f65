import { makeFreshness } from '../make-freshness.ts'
import type { Heartbeat } from '../revocation.ts'

/** Both clocks of a process, set by hand. */
export function makeHands() {
  const hands = { monotonicMs: 1_000, wallMs: 50_000 }
  const pass = (ms: number): void => {
    hands.monotonicMs += ms
    hands.wallMs += ms
  }
  const clock = {
    monotonicMs: () => hands.monotonicMs,
    wallMs: () => hands.wallMs,
    sleep: () => Promise.resolve(),
  }
  return { hands, pass, clock, reading: () => ({ ...hands }) }
}

/** A machine that is complete; the database's clock is `offsetMs` before the monotonic one. */
export function makeComplete(offsetMs = 1_000_000, options = {}) {
  const time = makeHands()
  const freshness = makeFreshness({ clock: time.clock, ...options })
  const databaseMs = () => time.hands.monotonicMs + offsetMs
  const measure = (roundTripMs = 0): void => {
    const sent = time.reading()
    time.pass(roundTripMs / 2)
    const at = databaseMs()
    time.pass(roundTripMs / 2)
    freshness.measure({ sent, received: time.reading(), databaseMs: at })
  }
  const beat = (asOfMs = databaseMs(), changes: Partial<Heartbeat> = {}): void =>
    freshness.beat({
      kind: 'heartbeat',
      epoch: 'e',
      term: 1,
      rseqHi: 0,
      asOf: new Date(asOfMs),
      intervalMs: 500,
      ...changes,
    })
  freshness.complete('e')
  return { ...time, freshness, databaseMs, measure, beat }
}

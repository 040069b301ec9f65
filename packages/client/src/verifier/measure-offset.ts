import { type ClockReading, toElapsedMs } from './clock.ts'

/** A question for the database's time: this process's clocks before and after, and the answer. */
export interface TimeSample {
  readonly sent: ClockReading
  readonly received: ClockReading
  readonly databaseMs: number
}

/** The database's clock as far as one sample tells. */
export interface DatabaseTime {
  /** Unix milliseconds, the middle of what is possible. */
  readonly ms: number
  /** How far the truth may be from it, to either side. */
  readonly errorMs: number
}

/** Timestamps come in whole milliseconds, cut off: of the sample and of what is compared with it. */
const resolutionMs = 1

/**
 * The database's time at a later reading (Cristian's algorithm): the answer was true somewhere between sending and receiving, so at the
 * middle ± RTT/2, and the clocks drift apart since. Pure.
 */
export function estimateDatabaseTime(sample: TimeSample, now: ClockReading, driftPpm: number): DatabaseTime {
  const roundTripMs = Math.max(0, toElapsedMs(sample.sent, sample.received))
  const sinceMs = Math.max(0, toElapsedMs(sample.received, now))
  const driftMs = ((roundTripMs + sinceMs) * driftPpm) / 1e6
  return {
    ms: sample.databaseMs + roundTripMs / 2 + sinceMs,
    errorMs: roundTripMs / 2 + driftMs + resolutionMs,
  }
}

/**
 * Whether two samples cannot both be true of clocks that only drift: the database's clock was set, or this process's monotonic clock stood
 * still. Pure.
 */
export function contradicts(earlier: TimeSample, later: TimeSample, driftPpm: number): boolean {
  const middle = ({ sent, received }: TimeSample) => (sent.monotonicMs + received.monotonicMs) / 2
  const halfTrip = ({ sent, received }: TimeSample) => (received.monotonicMs - sent.monotonicMs) / 2
  const passedMs = middle(later) - middle(earlier)
  const apartMs = Math.abs(later.databaseMs - earlier.databaseMs - passedMs)
  const driftMs = (Math.abs(passedMs) * driftPpm) / 1e6
  return apartMs > halfTrip(earlier) + halfTrip(later) + driftMs + 2 * resolutionMs
}

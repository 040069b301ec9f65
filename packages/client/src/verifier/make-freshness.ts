import { type Clock, type ClockReading, readClock, toDivergenceMs, toElapsedMs } from './clock.ts'
import type { Doubt, FreshnessStatus } from './freshness-status.ts'
import { contradicts, type DatabaseTime, estimateDatabaseTime, type TimeSample } from './measure-offset.ts'
import type { Heartbeat } from './revocation.ts'

/** Bounds of freshness. */
export interface FreshnessOptions {
  readonly clock: Clock
  /** S, the age up to which the view is FRESH; default 3,000. */
  readonly maxStalenessMs?: number
  /** How much faster or slower than the database's this process's clocks may go; default 200. */
  readonly driftPpm?: number
  /** How far apart the process's two clocks may go between measurements before that is a step; default 250. */
  readonly stepMs?: number
  /** A measurement with a larger error is none; default 1,000. */
  readonly maxErrorMs?: number
}

/** Whether the view is complete and how old it is. What it is told of one stream must come in the stream's order. */
export interface Freshness {
  read(maxStalenessMs?: number): FreshnessStatus
  /** The view must be read anew: UNKNOWN until `complete`. */
  doubt(reason: Doubt): void
  /** The view holds everything up to this place; what comes next is heard from a stream that began at or before it. */
  complete(epoch: string): void
  /** All up to `heartbeat.asOf` is in the view. One of an older term changes nothing. */
  beat(heartbeat: Heartbeat): void
  measure(sample: TimeSample): void
  /** Whether the database's clock should be measured now rather than at the next turn. */
  readonly needsMeasurement: boolean
  /** Of the last heartbeat listened to. */
  readonly term: number | undefined
}

interface Arrival {
  readonly asOfMs: number
  readonly at: ClockReading
}

/** Makes the state machine of freshness; it begins UNKNOWN. All its arithmetic is `estimateDatabaseTime`'s and `judgeAge`'s. */
export function makeFreshness(options: FreshnessOptions): Freshness {
  return new FreshnessMachine(options)
}

class FreshnessMachine implements Freshness {
  readonly #clock: Clock
  readonly #limits: {
    readonly maxStalenessMs: number
    readonly driftPpm: number
    readonly stepMs: number
    readonly maxErrorMs: number
  }
  /** Of the stream: ends with `complete` only. */
  #doubt: Doubt | undefined = 'BOOTSTRAPPING'
  /** Of the clocks: ends with a new measurement. */
  #clockDoubt: Doubt = 'CLOCK_UNMEASURED'
  #sample: TimeSample | undefined
  #beat: Arrival | undefined
  #term: { readonly epoch: string; readonly term: number } | undefined
  #epoch: string | undefined

  constructor({
    clock,
    maxStalenessMs = 3_000,
    driftPpm = 200,
    stepMs = 250,
    maxErrorMs = 1_000,
  }: FreshnessOptions) {
    this.#clock = clock
    this.#limits = { maxStalenessMs, driftPpm, stepMs, maxErrorMs }
  }

  read(maxStalenessMs = this.#limits.maxStalenessMs): FreshnessStatus {
    const now = readClock(this.#clock)
    const time = this.#readDatabaseTime(now)
    if (this.#doubt !== undefined) return unknown(this.#doubt, time)
    if (time === undefined) return unknown(this.#clockDoubt, time)
    if (this.#beat === undefined) return unknown('NO_HEARTBEAT', time)
    const ageMs = judgeAge(this.#beat.asOfMs, toElapsedMs(this.#beat.at, now), time)
    if (ageMs === undefined) {
      this.#forgetClocks('AHEAD_OF_DATABASE')
      return unknown('AHEAD_OF_DATABASE', undefined)
    }
    const isFresh = ageMs <= maxStalenessMs
    return {
      state: isFresh ? 'FRESH' : 'STALE',
      reason: isFresh ? undefined : 'AGE',
      ageMs,
      errorMs: time.errorMs,
      databaseMs: time.ms,
    }
  }

  doubt(reason: Doubt): void {
    this.#doubt = reason
    this.#beat = undefined
  }

  complete(epoch: string): void {
    this.#doubt = undefined
    this.#epoch = epoch
    if (this.#term?.epoch !== epoch) this.#term = undefined
  }

  beat({ epoch, term, asOf }: Heartbeat): void {
    if (this.#doubt !== undefined || epoch !== this.#epoch) return
    if (this.#term !== undefined && term < this.#term.term) return
    this.#term = { epoch, term }
    const asOfMs = asOf.getTime()
    // One that says less than what is known already: keep what is known.
    if (this.#beat !== undefined && asOfMs < this.#beat.asOfMs) return
    this.#beat = { asOfMs, at: readClock(this.#clock) }
  }

  measure(sample: TimeSample): void {
    const { driftPpm, stepMs, maxErrorMs } = this.#limits
    const now = readClock(this.#clock)
    // A clock that stepped during the measurement has measured nothing.
    if (toDivergenceMs(sample.sent, now) > stepMs) {
      this.#forgetClocks('CLOCK_STEP')
      return
    }
    const current = this.#readDatabaseTime(now)
    const { errorMs } = estimateDatabaseTime(sample, now, driftPpm)
    if (this.#sample !== undefined && contradicts(this.#sample, sample, driftPpm))
      this.#forgetClocks('CLOCK_STEP')
    else if (current !== undefined && current.errorMs < errorMs) return
    if (errorMs <= maxErrorMs) this.#sample = sample
  }

  get needsMeasurement(): boolean {
    return this.#readDatabaseTime(readClock(this.#clock)) === undefined
  }

  get term(): number | undefined {
    return this.#term?.term
  }

  /** Undefined where it has not been measured, or no longer well enough; a step of the clocks is noticed here. */
  #readDatabaseTime(now: ClockReading): DatabaseTime | undefined {
    if (this.#sample === undefined) return undefined
    if (toDivergenceMs(this.#sample.received, now) > this.#limits.stepMs) {
      this.#forgetClocks('CLOCK_STEP')
      return undefined
    }
    const time = estimateDatabaseTime(this.#sample, now, this.#limits.driftPpm)
    if (time.errorMs <= this.#limits.maxErrorMs) return time
    this.#clockDoubt = 'CLOCK_UNMEASURED'
    return undefined
  }

  /** Nothing that was timed by these clocks counts any more: neither the measurement nor the last heartbeat. */
  #forgetClocks(reason: Doubt): void {
    this.#clockDoubt = reason
    this.#sample = undefined
    this.#beat = undefined
  }
}

/**
 * The most that can have passed since `asOf`: by the measured clock at its worst, and no less than since the heartbeat's arrival.
 * Undefined where `asOf` lies in the future by more than the error: the measurement is wrong. Pure.
 */
export function judgeAge(asOfMs: number, sinceArrivalMs: number, time: DatabaseTime): number | undefined {
  const estimateMs = time.ms - asOfMs
  if (estimateMs < -time.errorMs) return undefined
  return Math.max(estimateMs + time.errorMs, sinceArrivalMs, 0)
}

function unknown(reason: Doubt, time: DatabaseTime | undefined): FreshnessStatus {
  return { state: 'UNKNOWN', reason, ageMs: undefined, errorMs: time?.errorMs, databaseMs: time?.ms }
}

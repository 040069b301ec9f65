import { setTimeout as sleep } from 'node:timers/promises'

/** This process's two clocks, in milliseconds, and its timers. */
export interface Clock {
  /** Never steps; on some machines it stands still while they are suspended. */
  monotonicMs(): number
  /** Unix time as the machine believes it; may be wrong and may step. */
  wallMs(): number
  /** Resolves after that time, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Both clocks at one moment. */
export interface ClockReading {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** The clocks of the machine; its timers keep no process alive. */
export const systemClock: Clock = Object.freeze({
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) =>
    sleep(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined),
})

/** Reads both clocks. */
export function readClock(clock: Clock): ClockReading {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
}

/**
 * The most that can have passed between two readings: a monotonic clock may have slept through a suspension, a wall clock may have been
 * set back, never both at once to the same effect.
 */
export function toElapsedMs(from: ClockReading, to: ClockReading): number {
  return Math.max(to.monotonicMs - from.monotonicMs, to.wallMs - from.wallMs)
}

/** How far the clocks have come apart between two readings: what a step or a suspension did to them. */
export function toDivergenceMs(from: ClockReading, to: ClockReading): number {
  return Math.abs(to.wallMs - from.wallMs - (to.monotonicMs - from.monotonicMs))
}

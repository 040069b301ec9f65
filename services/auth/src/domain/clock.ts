/** Time and randomness, so that tests move the one and fix the other. */
export interface Clock {
  /** The wall clock. */
  now(): Date
  /** Milliseconds that never go back. */
  monotonicMs(): number
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

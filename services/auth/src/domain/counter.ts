/** A counter that is asked for one more, or for several. */
export interface WantedCount {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  /** How many are taken; 1 by default. */
  readonly amount?: number
}

/** One that was counted, and can be given back within its window. */
export interface TakenCount {
  readonly key: string
  /** With this one. */
  readonly count: number
  /** How many were taken; 1 by default. */
  readonly amount?: number
  /** Which window of the counter it was counted in. */
  readonly windowEndsAt: Date
  /** How long that still lasts. */
  readonly remainingMs: number
}

/** One that has no room, and when its window ends. */
export interface FullCount {
  readonly key: string
  readonly remainingMs: number
}

/** Whether all counters had room; where one had none, nothing is counted in the others. */
export type Taken =
  | { readonly isAllowed: true; readonly taken: readonly TakenCount[] }
  | { readonly isAllowed: false; readonly full: readonly FullCount[] }

/** A counter as it stands. */
export interface CounterState {
  readonly key: string
  readonly count: number
  readonly remainingMs: number
}

/** Counters that all instances of the service share. */
export interface Counters {
  /**
   * Counts what is wanted in each counter, or nothing in any. Never more than the limit of a counter is allowed in one of its windows, whoever else asks
   * at the same instant.
   * @throws AuthError DATABASE_UNAVAILABLE.
   */
  take(wanted: readonly WantedCount[]): Promise<Taken>
  /** Takes back what was counted, where its window has not ended. */
  giveBack(taken: readonly TakenCount[]): Promise<void>
  /** Forgets counters. */
  clear(keys: readonly string[]): Promise<void>
  /** Those of the counters that have counted something in a window that has not ended. */
  list(keys: readonly string[]): Promise<CounterState[]>
}

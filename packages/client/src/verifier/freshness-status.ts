/** Why nothing may be said by the view alone. */
export type Doubt =
  /** The log and the snapshot have not been read yet, or are read anew. */
  | 'BOOTSTRAPPING'
  /** A revocation is missing. */
  | 'GAP'
  /** The database is another, or an older state of it. */
  | 'EPOCH_CHANGED'
  | 'UNREADABLE_RECORD'
  /** The place to read on from is gone. */
  | 'OUT_OF_RANGE'
  /** R would have grown past its limit. */
  | 'MEMORY_LIMIT'
  /** This process's clocks, or the database's, did not go on evenly. */
  | 'CLOCK_STEP'
  /** The heartbeat comes from later than the database's clock is believed to be: the measurement is wrong. */
  | 'AHEAD_OF_DATABASE'
  /** The database's clock has not been measured, or not well enough. */
  | 'CLOCK_UNMEASURED'
  /** No heartbeat since the view is complete. */
  | 'NO_HEARTBEAT'
  | 'CLOSED'

/** What the view is good for at a moment. */
export interface FreshnessStatus {
  /** FRESH: judge in process. STALE: too old, nothing else speaks against it. UNKNOWN: something may be missing. */
  readonly state: 'FRESH' | 'STALE' | 'UNKNOWN'
  /** `AGE` with STALE, undefined with FRESH. */
  readonly reason: Doubt | 'AGE' | undefined
  /** At most so long ago everything acknowledged was in the view; undefined where that is not known. */
  readonly ageMs: number | undefined
  /** Of the measurement of the database's clock, already part of `ageMs`. */
  readonly errorMs: number | undefined
  /** The database's clock now, Unix milliseconds ± `errorMs`. */
  readonly databaseMs: number | undefined
}

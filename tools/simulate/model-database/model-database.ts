import type { Database } from '../../../services/auth/src/store/database.ts'
import type { Schema } from '../../../services/auth/src/store/schema.ts'
import type { StatementModel } from './sql/statement.ts'

/** The time in which the database lives, in milliseconds; it may be virtual. */
export interface ModelTime {
  readonly nowMs: number
  /** Calls back once, `ms` from now; calls for the same instant come in the order in which they were asked for. */
  after(ms: number, fire: () => void): void
}

/** How long things take; each is drawn anew every time. What takes 0 ms happens at once, without a timer. */
export interface ModelLatency {
  /** One way between a process and the database. */
  tripMs(): number
  /** From the arrival of a COMMIT, or the end of a statement outside a transaction, until it is durable and others see it. */
  flushMs(): number
  /** Between the snapshot of a statement and the clock it reads afterwards. */
  executionMs(): number
}

/** What {@link makeModelDatabase} needs. */
export interface ModelDatabaseOptions {
  readonly time: ModelTime
  /** A number in [0, 1): decides latencies, and what has become of a COMMIT whose connection broke. */
  readonly random: () => number
  readonly latency?: Partial<ModelLatency>
  /** Unix time of the database's clock at `nowMs` 0, 1_800_000_000_000 by default. */
  readonly startMs?: number
  /** Connections of a process's pool, 10 by default. */
  readonly poolSize?: number
  /** Statements beside those of the service, by their text: for variants that are known to be bad. */
  readonly statements?: ReadonlyMap<string, StatementModel>
}

/** A table's row as it was committed; never changed in place. */
export type ModelRow = Readonly<Record<string, unknown>>

/** What a transaction did to one row; undefined before an insert and after a delete. */
export interface ModelChange {
  readonly table: keyof Schema
  readonly before: ModelRow | undefined
  readonly after: ModelRow | undefined
}

/** A transaction that committed and changed something. */
export interface ModelCommit {
  /** When others began to see it, in the model's time, and by the database's clock. */
  readonly atMs: number
  readonly databaseMs: number
  /** Who sent it. */
  readonly process: string
  readonly changes: readonly ModelChange[]
  /** Whether a promotion lost it. */
  readonly isLost: boolean
}

/** A connection that waits, and those that it waits for; `pg_blocking_pids`. */
export interface ModelWait {
  readonly connection: number
  readonly process: string
  readonly blockers: readonly number[]
}

/** What no process of the service can know, for checkers. */
export interface ModelTruth {
  /** The committed rows of a table, in the order of their insertion. */
  rows<T extends keyof Schema>(table: T): readonly ModelRow[]
  /** All commits that changed something, in their order; those that were lost too. */
  readonly commits: readonly ModelCommit[]
  /** Who waits for whom now. */
  listWaits(): readonly ModelWait[]
  /** Texts that no model was found for: anything here means that a run proves nothing. */
  readonly unknownStatements: readonly string[]
  /** How often chance decided which of several that waited got a row, as in PostgreSQL where the scheduler does. */
  readonly raceCount: number
  /** The statements carried out so far. */
  readonly statementCount: number
  readonly epoch: { readonly systemId: string; readonly timeline: number }
}

/** A model of PostgreSQL 15 as the service uses it: READ COMMITTED, statement by statement, with faults to switch on. */
export interface ModelDatabase {
  /**
   * A process's connections; `sleep` passes its time, by default the database's. Names are free; opening one again is another process of
   * that name, after `kill` or beside it.
   */
  open(process: string, sleep?: (ms: number, signal: AbortSignal) => Promise<void>): Database
  /** The connections of a process break now, which learns it at once. A COMMIT under way may or may not have arrived. */
  breakConnections(process: string): void
  /** kill -9: as {@link breakConnections}, but what the process waits for is never answered. */
  kill(process: string): void
  /** For a time nothing gets through in either direction; statements hang, and go on afterwards if the server still waits for them. */
  cut(process: string, lastsMs: number): void
  /** SIGSTOP: answers wait until the process goes on. What it has sent is carried out. */
  pause(process: string, lastsMs: number): void
  /** The server dies: what has committed is kept, of what is being committed each half. */
  stop(): void
  start(): void
  /** A standby takes over that lacks the last `lostCommits`: another timeline, all connections broken. */
  promote(lostCommits: number): void
  /** Makes the server a standby that only reads, or the primary again. */
  setInRecovery(isInRecovery: boolean): void
  /** The database's clock; add to `offsetMs` to step it. */
  readonly clock: { nowMs(): number; offsetMs: number }
  readonly truth: ModelTruth
}

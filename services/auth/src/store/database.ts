import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** A pool or a single embedded connection; everything above it is the same. */
export interface Database {
  /** Statements outside transactions. Never use it inside one: the embedded database has a single connection. */
  readonly kysely: Kysely<Schema>
  /**
   * Runs `work` in one READ COMMITTED transaction.
   * @throws AuthError DATABASE_UNAVAILABLE when the database cannot be reached or a lock was held over 5 s; nothing was changed
   *   unless the connection broke during COMMIT.
   */
  transaction<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T>
  /**
   * Takes a lock that lives with a connection of its own, or returns undefined while another process holds it.
   * The lock is lost when the holder does not `ping` for 1.5 s, a stopped process included.
   */
  findLeaderSession(lock: LeaderLock): Promise<LeaderSession | undefined>
  /**
   * Listens to a channel on a connection of its own, until closed; absent where there are no other processes. Calls back also once it
   * listens (again): something may have been said before. Never fails: where it cannot listen, it tries again and says so.
   */
  readonly openListener?: (channel: string, onNotification: () => void) => ChannelListener
  /** The number of queries sent so far, for metrics and benches. */
  queryCount(): number
  close(): Promise<void>
}

/** What listens to a channel. */
export interface ChannelListener {
  /** Whether notifications come; where not, whoever waits for them must look by itself. */
  readonly isListening: boolean
  close(): Promise<void>
}

/** The locks that processes compete for. */
export type LeaderLock = 'migrations' | 'relay' | 'revocations' | 'audit'

/** A held {@link LeaderLock}: statements that only its holder may run go through `kysely`. */
export interface LeaderSession {
  readonly kysely: Kysely<Schema>
  /** Shows that the holder is alive; rejects once the lock is lost. */
  ping(): Promise<void>
  /** Calls back when another process has signalled a change on a lane's channel. */
  onNotification(channel: string, listener: () => void): Promise<void>
  /** Who is writing to a table; absent where that cannot be known. */
  readonly lookAtWriters?: (table: 'outbox' | 'revocations' | 'audit_log') => Promise<RowWriters>
  close(): Promise<void>
}

/** Transactions that may still commit a row of a table with a `position`. */
export interface RowWriters {
  /** The last position that was drawn before it was looked for writers. */
  readonly drawn: number
  /** Names of transactions; one that has ended never comes again. */
  readonly writers: readonly string[]
}

import type { WatchedRevocation } from './watch-revocations.ts'

/** Where the leader takes numbered revocations and heartbeats to, beside the watchers of the database. */
export interface RevocationSink {
  /**
   * Resolves once all records stand where readers find them, for good and in this order; makes ready what that needs. Rejects when that
   * is not known of some, or when `signal` aborts; nothing of the call is on its way any more then, but duplicates of what is there. One
   * call at a time.
   */
  publish(records: readonly WatchedRevocation[], signal: AbortSignal): Promise<void>
  /** Ends connections, in bounded time. */
  close(): Promise<void>
}

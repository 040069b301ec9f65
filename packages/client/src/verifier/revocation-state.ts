import type { FreshnessStatus } from './freshness-status.ts'
import type { RevocationView } from './make-revocation-view.ts'

/** The follower's state, for an operator. */
export interface RevocationFollowerStatus extends FreshnessStatus {
  readonly epoch: string | undefined
  readonly rseq: number
  readonly term: number | undefined
  readonly entries: number
}

/** R and how fresh it is, as a judge of tokens needs them; both are read anew for every decision. */
export interface RevocationState {
  readonly view: RevocationView
  readonly epoch: string | undefined
  /** Whether this view has been complete at some time: before that it is no old view, but none. */
  readonly hasBeenComplete: boolean
  readFreshness(maxStalenessMs?: number): FreshnessStatus
}

/** A view that follows the log of revocations. */
export interface RevocationFollower extends RevocationState, AsyncDisposable {
  status(): RevocationFollowerStatus
  /** Stops following: the view is UNKNOWN from then on. Idempotent. */
  close(): Promise<void>
}

import type { AuthError, AuthErrorReason } from '../auth-error.ts'
import type { Principal } from '../principal.ts'

/** Something that goes on after its caller was verified: a stream, a WebSocket, a job. It is watched until it is closed. */
export interface LiveCall extends Disposable {
  readonly principal: Principal
  /** Aborted, with an AuthError as its reason, when the caller's token no longer holds or nobody can say that it does. */
  readonly signal: AbortSignal
  /** The call is over: it is watched no longer. Idempotent. */
  close(): void
}

/** How the calls that are watched do. */
export interface LiveCallsStatus {
  /** Watched now. */
  readonly open: number
  /** Open now only because their route says `allowStale`. */
  readonly keptStale: number
  /** Questions to ValidateToken about open calls that wait for their answer. */
  readonly asking: number
  /** Ended since the start, by reason. */
  readonly ended: Readonly<Partial<Record<AuthErrorReason, number>>>
  /** Calls that entries of revocations were compared with since the start: grows with what is revoked, not with what is open. */
  readonly compared: number
}

/** What to do when a call may not go on; called once, and not after `close`. */
export type EndCall = (error: AuthError) => void

import type { Admission } from '../admission.ts'
import type { Logger } from '../logger.ts'
import type { Clock } from '../verifier/clock.ts'
import type { RevocationEntry } from '../verifier/revocation.ts'
import type { RevocationState } from '../verifier/revocation-state.ts'
import type { Verify } from '../verify.ts'
import type { EndCall, LiveCall, LiveCallsStatus } from './live-call.ts'

/** What live calls are watched with. */
export interface LiveCallsOptions {
  readonly clock: Clock
  /** S where a route says nothing. */
  readonly maxStalenessMs: number
  /** R and its freshness; without it every call is asked about with ValidateToken, again and again. */
  readonly revocations?: RevocationState | undefined
  /** ValidateToken: the state of the database after the call began. */
  readonly ask: Verify
  readonly logger: Logger
  /** 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number
  /** Questions under way at once; default 256. */
  readonly maxAsking?: number
}

/** Calls that go on after they were verified, each ended when its caller is revoked. */
export interface LiveCalls {
  /**
   * Watches a call until it is closed. `onEnd` is called once when it may not go on: UNAUTHENTICATED for a token that is revoked or has
   * expired, UNAVAILABLE where that has not been known for S. Throws that AuthError where it holds already.
   */
  open(admission: Admission, onEnd: EndCall): LiveCall
  /** Ends the calls that an entry revokes. Never throws. */
  hear(entry: RevocationEntry): void
  status(): LiveCallsStatus
  /** Ends every call with UNAVAILABLE `CLOSED`: nobody watches it any more. */
  close(): void
}

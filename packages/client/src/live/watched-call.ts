import type { Admission } from '../admission.ts'
import type { AuthError } from '../auth-error.ts'
import type { Principal } from '../principal.ts'
import type { ClockReading } from '../verifier/index.ts'
import type { EndCall, LiveCall } from './live-call.ts'
import type { AcceptedToken } from './read-accepted-token.ts'

/** At that moment it was known that nothing had revoked a caller `ageMs` before. */
export interface Known {
  readonly at: ClockReading
  readonly ageMs: number
}

/** What a watched call is made of. */
export interface WatchedCallParts {
  readonly admission: Admission
  /** Undefined where the token cannot be read: only ValidateToken can judge it. */
  readonly accepted: AcceptedToken | undefined
  /** S of this call. */
  readonly maxStalenessMs: number
  readonly onEnd: EndCall
  readonly onClose: (call: WatchedCall) => void
  /** 0 to 1: calls that opened together are not asked about together. */
  readonly jitter: number
}

/** An open call with what is known about its caller. */
export class WatchedCall implements LiveCall {
  readonly #parts: WatchedCallParts
  #controller: AbortController | undefined
  #error: AuthError | undefined
  isOpen = true
  /** By ValidateToken, or by the view when it opened. */
  known: Known
  /** No question before that, by the monotonic clock. */
  askAgainAtMs = 0
  /** Older than S: open because its route allows it. */
  isStale = false

  constructor(parts: WatchedCallParts, known: Known) {
    this.#parts = parts
    this.known = known
  }

  get admission(): Admission {
    return this.#parts.admission
  }

  get principal(): Principal {
    return this.#parts.admission.principal
  }

  get accepted(): AcceptedToken | undefined {
    return this.#parts.accepted
  }

  get keyId(): string {
    return this.#parts.accepted?.keyId ?? ''
  }

  get maxStalenessMs(): number {
    return this.#parts.maxStalenessMs
  }

  get jitter(): number {
    return this.#parts.jitter
  }

  /** Made when somebody asks for it: most calls are ended by their guard. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#error !== undefined) this.#controller.abort(this.#error)
    return this.#controller.signal
  }

  /** Ends the call; what its ending throws is its owner's to hear of. */
  end(error: AuthError): void {
    if (!this.isOpen) return
    this.close()
    this.#error = error
    this.#controller?.abort(error)
    this.#parts.onEnd(error)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#parts.onClose(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

import type { Admission } from '../admission.ts'
import { AuthError, type AuthErrorReason } from '../auth-error.ts'
import { tokenRefusal } from '../token-refusal.ts'
import { unavailable } from '../unavailable.ts'
import { type ClockReading, readClock, toElapsedMs } from '../verifier/clock.ts'
import { isRevokedBy } from '../verifier/is-revoked-by.ts'
import type { RevocationEntry } from '../verifier/revocation.ts'
import type { EndCall, LiveCall, LiveCallsStatus } from './live-call.ts'
import type { LiveCalls, LiveCallsOptions } from './live-calls.ts'
import { makeCallIndex } from './make-call-index.ts'
import { makeFollowedCalls } from './make-followed-calls.ts'
import { makeQuestions } from './make-questions.ts'
import { readAcceptedToken } from './read-accepted-token.ts'
import { toLeadMs } from './to-lead-ms.ts'
import { WatchedCall } from './watched-call.ts'

const tickMs = 50
/** How wrong this machine's clock may be, where the database's has not been measured. */
const wallSkewMs = 10_000
const logEveryMs = 1_000

/**
 * Opens the watch over live calls. The rule: a call is open only while it is known that its caller was not revoked S ago or later; known by
 * the view of revocations while that is complete, else by ValidateToken, asked before S is over. Entries of revocations end at once
 * what they name. Runs a timer only while calls are open.
 */
export function openLiveCalls(options: LiveCallsOptions): LiveCalls {
  return new Watch(options)
}

class Watch implements LiveCalls {
  readonly #options: LiveCallsOptions
  readonly #closing = new AbortController()
  readonly #index = makeCallIndex<WatchedCall>()
  /** Those that the view judges. */
  readonly #followed
  /** Those that only ValidateToken can judge. */
  readonly #asked = new Set<WatchedCall>()
  readonly #questions
  readonly #ended: Partial<Record<AuthErrorReason, number>> = {}
  #compared = 0
  readonly #stale = new Set<WatchedCall>()
  #isRunning = false
  #loggedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: LiveCallsOptions) {
    this.#options = options
    this.#followed = options.revocations && makeFollowedCalls(options.revocations)
    this.#questions = makeQuestions(options.maxAsking ?? 256, (call: WatchedCall) => this.#ask(call))
  }

  open(admission: Admission, onEnd: EndCall): LiveCall {
    if (this.#closing.signal.aborted) throw unavailable('CLOSED', 'the client is closed')
    const { clock, random = Math.random } = this.#options
    const now = readClock(clock)
    const maxStalenessMs = admission.rules.maxStalenessMs ?? this.#options.maxStalenessMs
    const accepted = readAcceptedToken(admission.token)
    const onClose = (closed: WatchedCall) => this.#forget(closed)
    const parts = { admission, accepted, maxStalenessMs, onEnd, onClose, jitter: random() }
    // What was known when the request came may be long ago, or as old as the view was: a call has time for one question from its opening.
    const oldestMs = maxStalenessMs - toLeadMs(maxStalenessMs)
    const isFollowed = this.#followed !== undefined && accepted !== undefined
    const ageMs = isFollowed ? oldestMs : Math.min(toElapsedMs(admission.askedAt, now), oldestMs)
    const call = new WatchedCall(parts, { at: now, ageMs })
    const refusal = isFollowed ? this.#followed?.add(call, now) : undefined
    if (refusal !== undefined) {
      this.#count(refusal.reason)
      throw refusal
    }
    if (!isFollowed) this.#asked.add(call)
    this.#index.add(call)
    void this.#run()
    return call
  }

  hear(entry: RevocationEntry): void {
    for (const call of this.#index.find(entry)) {
      this.#compared++
      const { accepted } = call
      if (accepted !== undefined && isRevokedBy(entry, accepted.claims, accepted.keyId)) {
        this.#end(call, tokenRefusal('REVOKED'))
      }
    }
  }

  status(): LiveCallsStatus {
    return {
      open: this.#index.size,
      keptStale: this.#stale.size,
      asking: this.#questions.asking,
      ended: { ...this.#ended },
      compared: this.#compared,
    }
  }

  close(): void {
    this.#closing.abort()
    for (const call of this.#all()) this.#end(call, unavailable('CLOSED', 'the client is closed'))
  }

  #all(): WatchedCall[] {
    return [...this.#asked, ...(this.#followed?.all() ?? [])]
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    while (this.#index.size > 0 && !this.#closing.signal.aborted) {
      await this.#options.clock.sleep(tickMs, this.#closing.signal)
      if (!this.#closing.signal.aborted) this.#look()
    }
    this.#isRunning = false
  }

  #look(): void {
    const now = readClock(this.#options.clock)
    for (const { call, error } of this.#followed?.look(now, this.#earliestNowMs(now)) ?? [])
      this.#end(call, error)
    for (const call of this.#stale) if (this.#followed?.isCovered(call)) this.#unmarkStale(call)
    this.#followed?.forEachOld(now, (call, ageMs) => this.#judgeAge(call, ageMs, now))
    for (const call of this.#asked) this.#judgeAge(call, toAgeMs(call, now), now)
  }

  /** What nobody has confirmed for S may not go on; what is about to come there is asked about. */
  #judgeAge(call: WatchedCall, ageMs: number, now: ClockReading): void {
    const { maxStalenessMs } = call
    const leadMs = toLeadMs(maxStalenessMs)
    if (ageMs > maxStalenessMs) {
      // Nothing that comes later could say it of an expired token.
      if (call.principal.expiresAt.getTime() <= this.#earliestNowMs(now)) {
        this.#end(call, tokenRefusal('EXPIRED'))
        return
      }
      if (call.admission.rules.onUnavailable !== 'allowStale') {
        this.#logOld(now, 'calls were ended: for too long nobody could say whether their callers are revoked')
        this.#end(call, unavailable('AUTH_UNREACHABLE', 'the access token could not be verified again'))
        return
      }
      this.#stale.add(call)
      call.isStale = true
      this.#logOld(now, 'calls go on though nobody can say whether their callers are revoked')
    }
    const isDue = ageMs > maxStalenessMs - leadMs * (1 - call.jitter / 2)
    if (isDue && now.monotonicMs >= call.askAgainAtMs) this.#questions.add(call)
  }

  async #ask(call: WatchedCall): Promise<void> {
    const { clock } = this.#options
    const at = readClock(clock)
    call.askAgainAtMs = at.monotonicMs + toLeadMs(call.maxStalenessMs) * (0.2 + call.jitter / 5)
    try {
      await this.#options.ask(call.admission.token)
      call.known = { at, ageMs: 0 }
      this.#unmarkStale(call)
    } catch (error) {
      // An expired token of a call that may continue is the view's to judge, and nobody's once that is too old.
      const mayContinue =
        error instanceof AuthError &&
        error.reason === 'EXPIRED' &&
        call.admission.rules.onExpiry === 'continue'
      if (error instanceof AuthError && error.code !== 'UNAVAILABLE' && !mayContinue) this.#end(call, error)
    }
  }

  #end(call: WatchedCall, error: AuthError): void {
    if (!call.isOpen) return
    this.#count(error.reason)
    try {
      call.end(error)
    } catch (err) {
      this.#options.logger.error({ err }, 'a call could not be ended')
    }
  }

  #count(reason: AuthErrorReason): void {
    this.#ended[reason] = (this.#ended[reason] ?? 0) + 1
  }

  #forget(call: WatchedCall): void {
    this.#index.remove(call)
    this.#asked.delete(call)
    this.#followed?.remove(call)
    this.#questions.drop(call)
    this.#unmarkStale(call)
  }

  #unmarkStale(call: WatchedCall): void {
    this.#stale.delete(call)
    call.isStale = false
  }

  /** What time it is at the least. */
  #earliestNowMs({ wallMs }: ClockReading): number {
    const { databaseMs, errorMs = 0 } = this.#options.revocations?.readFreshness() ?? {}
    return databaseMs === undefined ? wallMs - wallSkewMs : databaseMs - errorMs
  }

  #logOld({ monotonicMs }: ClockReading, message: string): void {
    if (monotonicMs - this.#loggedAtMs < logEveryMs) return
    this.#loggedAtMs = monotonicMs
    this.#options.logger.warn({ open: this.#index.size, ended: this.#ended }, message)
  }
}

function toAgeMs({ known }: WatchedCall, now: ClockReading): number {
  return known.ageMs + toElapsedMs(known.at, now)
}

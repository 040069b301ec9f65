import { AuthError, type AuthErrorReason } from '../auth-error.ts'
import type { Logger } from '../logger.ts'
import type { Principal } from '../principal.ts'
import { tokenRefusal } from '../token-refusal.ts'
import { unavailable } from '../unavailable.ts'
import type { Verify, VerifyOptions } from '../verify.ts'
import type { Clock } from './clock.ts'
import type { FreshnessStatus } from './freshness-status.ts'
import { isRevokedBy } from './is-revoked-by.ts'
import { judgeClaims } from './judge-claims.ts'
import { isRevoked, type LocalToken, toLocalToken } from './local-token.ts'
import type { TokenVerifier, VerificationResult, VerifiedToken } from './make-token-verifier.ts'
import type { RevocationMark } from './revocation.ts'
import type { RevocationState } from './revocation-state.ts'

/** What one verification asks beyond the token being valid. */
export interface LocalVerifyOptions extends VerifyOptions {
  /** What a revoking call returned: judged as well, for this call only. */
  readonly atLeast?: RevocationMark
  /** How old the view may be, S for this call, in milliseconds; default: the view's own. */
  readonly maxStalenessMs?: number
  /** When neither the view nor ValidateToken can tell: UNAVAILABLE (default), or judge by the view as it was. */
  readonly onUnavailable?: 'refuse' | 'allowStale'
}

/** What a local verification is made of. */
export interface LocalVerifyParts {
  readonly verifier: TokenVerifier<LocalToken>
  readonly revocations: RevocationState
  /** ValidateToken, as `makeFallback` asks it. */
  readonly fallback: Verify
  readonly clock: Clock
  readonly issuer: string
  /** For calls that name none. */
  readonly audience: string
  readonly logger?: Pick<Logger, 'warn'>
}

/** How verifications were decided since the start. */
export interface LocalVerifyCounts {
  /** In process, by signature, claims and a FRESH view. */
  readonly local: number
  /** By ValidateToken. */
  readonly remote: number
  /** Answered UNAVAILABLE. */
  readonly unavailable: number
  /** Accepted by `allowStale`. */
  readonly allowedStale: number
}

/** Verifies in process. */
export interface LocalVerify {
  /** As `Verify`; the promise of protocols §2 holds for it. */
  verify(token: string, options?: LocalVerifyOptions): Promise<Principal>
  counts(): LocalVerifyCounts
}

const noOptions: LocalVerifyOptions = Object.freeze({})
const noRoles: readonly string[] = Object.freeze([])
const leewayMaxSeconds = 30
/** For `allowStale` without a measured clock: how wrong this machine's clock may be. */
const wallSkewMs = 10_000
const logEveryMs = 1_000

/**
 * Makes a Verify that decides in process while the view of revocations is FRESH, and else asks ValidateToken. Freshness is read after the
 * work on the signature, as the last thing before the answer; times are judged by the database's clock. What cannot be found out is
 * UNAVAILABLE, never an invalid token (R7).
 */
export function makeLocalVerify(parts: LocalVerifyParts): LocalVerify {
  return new Local(parts)
}

class Local implements LocalVerify {
  readonly #parts: LocalVerifyParts
  readonly #counts = { local: 0, remote: 0, unavailable: 0, allowedStale: 0 }
  #loggedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: LocalVerifyParts) {
    this.#parts = parts
  }

  counts(): LocalVerifyCounts {
    return { ...this.#counts }
  }

  /** Not async: what is decided in process, which is nearly all, needs no more than its answer's promise. */
  verify(token: string, options = noOptions): Promise<Principal> {
    try {
      const verdict = this.#judgeFresh(token, options)
      return verdict === undefined ? this.#ask(token, options) : Promise.resolve(this.#answerLocally(verdict))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #ask(token: string, options: LocalVerifyOptions): Promise<Principal> {
    try {
      const { audience, requiredRoles = noRoles } = options
      const principal = await this.#parts.fallback(token, {
        requiredRoles,
        ...(audience !== undefined && { audience }),
      })
      this.#counts.remote++
      return principal
    } catch (error) {
      if (error instanceof AuthError && error.code !== 'UNAVAILABLE') {
        this.#counts.remote++
        throw error
      }
      return this.#answerAfterOutage(token, options, error)
    }
  }

  /** The verdict, or undefined where the view cannot tell. */
  #judgeFresh(token: string, options: LocalVerifyOptions): Principal | AuthErrorReason | undefined {
    const signed = this.#parts.verifier.verifySignature(token)
    if (!signed.ok) return signed.reason === 'UNKNOWN_KEY' ? undefined : signed.reason
    const { revocations } = this.#parts
    const freshness = revocations.readFreshness(options.maxStalenessMs)
    if (freshness.state !== 'FRESH') return undefined
    // Of another epoch than the view: which of the two is behind, ValidateToken knows.
    if (options.atLeast !== undefined && options.atLeast.epoch !== revocations.epoch) return undefined
    return this.#judge(signed.token, options, freshness)
  }

  #judge(
    verified: VerifiedToken<LocalToken>,
    { audience, requiredRoles = noRoles, atLeast }: LocalVerifyOptions,
    { databaseMs = this.#parts.clock.wallMs(), errorMs = wallSkewMs }: FreshnessStatus,
  ): Principal | AuthErrorReason | undefined {
    const { claims, keyId } = verified
    const { view } = this.#parts.revocations
    verified.attachment ??= toLocalToken(verified)
    const local = verified.attachment
    if (isRevoked(local, view)) return 'REVOKED'
    if (atLeast?.entries.some((entry) => isRevokedBy(entry, claims, keyId))) return 'REVOKED'
    const fault = judgeClaims(claims, {
      issuer: this.#parts.issuer,
      audience: audience || this.#parts.audience,
      nowSeconds: databaseMs / 1000,
      leewaySeconds: Math.min(errorMs / 1000, leewayMaxSeconds),
      requiredRoles,
    })
    // The service has signed it already: this process's clocks are behind, both of them, or it would have noticed.
    if (fault === 'NOT_YET_VALID') return undefined
    if (fault !== undefined) return fault
    // A clock has gone back: the token lives, but its revocation may have been dropped when it seemed expired (R11).
    return claims.exp <= view.horizonSeconds ? undefined : local.principal
  }

  #answerLocally(verdict: Principal | AuthErrorReason): Principal {
    this.#counts.local++
    if (typeof verdict === 'string') throw tokenRefusal(verdict)
    return verdict
  }

  /** The view may have become FRESH while nobody answered; where it has not, only `allowStale` accepts. */
  #answerAfterOutage(token: string, options: LocalVerifyOptions, cause: unknown): Principal {
    const verdict = this.#judgeFresh(token, options)
    if (verdict !== undefined) return this.#answerLocally(verdict)
    const stale = options.onUnavailable === 'allowStale' ? this.#judgeStale(token, options) : undefined
    if (stale === undefined) {
      this.#counts.unavailable++
      throw cause instanceof AuthError || cause instanceof TypeError
        ? cause
        : unavailable('AUTH_UNREACHABLE', 'the access token could not be verified', cause)
    }
    if (typeof stale === 'string') throw tokenRefusal(stale)
    this.#counts.allowedStale++
    this.#logStale()
    return stale
  }

  #judgeStale(token: string, options: LocalVerifyOptions): Principal | AuthErrorReason | undefined {
    const { verifier, revocations } = this.#parts
    const signed: VerificationResult<LocalToken> = verifier.verifySignature(token)
    if (!signed.ok || !revocations.hasBeenComplete) return undefined
    return this.#judge(signed.token, options, revocations.readFreshness(options.maxStalenessMs))
  }

  #logStale(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#loggedAtMs < logEveryMs) return
    this.#loggedAtMs = nowMs
    const { reason, ageMs } = this.#parts.revocations.readFreshness()
    const facts = { reason, ageMs, allowedStale: this.#counts.allowedStale }
    this.#parts.logger?.warn(facts, 'accepted by a view of revocations that is not fresh')
  }
}

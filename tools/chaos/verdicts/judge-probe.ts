/** What the recorder knows of an access token; all times are its own, in milliseconds of one monotonic clock. */
export interface TokenFacts {
  readonly id: number
  /** The earliest moment at which it can have expired. */
  readonly expiresAtMs: number
  /** From here on it may be refused: a revoking call was sent. */
  readonly revokingSinceMs: number | undefined
  /** From here on it must be: a revoking call was answered OK, and the answer had arrived. */
  readonly revokedAtMs: number | undefined
}

/** One verification. */
export interface Probe {
  /** Who verified. */
  readonly by: string
  /** The recorder was about to send the question. */
  readonly startedAtMs: number
  /** It had the answer. */
  readonly answeredAtMs: number
  /** `ACCEPTED`, `REFUSED:<reason>`, `UNAVAILABLE:<reason>`; anything else is none that callers may get. */
  readonly outcome: string
}

/** What a verifier did that it never may. */
export interface Violation {
  readonly property:
    | `R${1 | 2 | 7 | 8 | 9}`
    | `T${1 | 8 | 12}`
    | `O${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 11}`
    | 'recovery'
    | 'rolling'
  readonly told: string
}

/** How long before its possible expiry a token must still be accepted by all: a measured clock may be a second off. */
const expiryMarginMs = 5_000

/**
 * Judges one answer: a token whose revocation was answered OK is not accepted by a verification that starts `boundMs` later (R1; R2 where the
 * bound is zero), one that nobody revoked is never refused (R8), and who cannot tell says so in no other way than UNAVAILABLE (R7). Pure.
 */
export function judgeProbe(token: TokenFacts, probe: Probe, boundMs: number): Violation | undefined {
  const { by, outcome, startedAtMs, answeredAtMs } = probe
  if (outcome === 'ACCEPTED') {
    const lateMs = toLateMs(token, probe)
    if (lateMs === undefined || lateMs < boundMs) return undefined
    const told = `${by} accepted token ${token.id}, asked ${lateMs.toFixed(1)} ms after its revocation was answered OK; allowed: less than ${boundMs} ms`
    return { property: boundMs === 0 ? 'R2' : 'R1', told }
  }
  if (outcome.startsWith('UNAVAILABLE:')) return undefined
  if (!outcome.startsWith('REFUSED:')) return { property: 'R7', told: `${by} answered ${outcome}` }
  const mayBeRevoked = token.revokingSinceMs !== undefined && token.revokingSinceMs <= answeredAtMs
  const mayHaveExpired = answeredAtMs >= token.expiresAtMs - expiryMarginMs
  if (mayBeRevoked || mayHaveExpired) return undefined
  const told = `${by} answered ${outcome} about token ${token.id}, which nobody had revoked (asked at ${startedAtMs.toFixed(0)} ms)`
  return { property: /REVOKED|USER_/.test(outcome) ? 'R8' : 'R7', told }
}

/** How long after the OK a verification started; undefined where it started before. Pure. */
export function toLateMs({ revokedAtMs }: TokenFacts, { startedAtMs }: Probe): number | undefined {
  if (revokedAtMs === undefined || startedAtMs < revokedAtMs) return undefined
  return startedAtMs - revokedAtMs
}

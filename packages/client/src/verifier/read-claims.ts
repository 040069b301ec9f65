import { parseJsonObject } from './parse-json-object.ts'

/** The claims of an access token, by their names in the token (contract §5, RFC 9068 §2.2); times are whole Unix seconds. */
export interface AccessTokenClaims {
  readonly iss: string
  /** Always an array here; a token may carry a single text. */
  readonly aud: readonly string[]
  /** User id. */
  readonly sub: string
  /** Session id. */
  readonly sid: string
  /** Token id. */
  readonly jti: string
  readonly client_id: string
  readonly iat: number
  readonly exp: number
  readonly nbf: number | undefined
  readonly roles: readonly string[]
  /** Subscription tier; may be empty. */
  readonly tier: string
  /** Username. */
  readonly name: string
  /** The user's token version. */
  readonly tv: number
}

const noTexts: readonly string[] = Object.freeze([])

/**
 * Reads the claims of a verified payload (UTF-8 JSON); undefined where one is missing or of another shape, where `exp` is not after
 * `iat`, or where the token lives longer than `maxLifetimeSeconds` (revocations are forgotten once every token they cover has expired).
 */
export function readClaims(payload: Uint8Array, maxLifetimeSeconds: number): AccessTokenClaims | undefined {
  const { iss, aud, sub, sid, jti, client_id, iat, exp, nbf, roles, tier, name, tv } =
    parseJsonObject(payload) ?? {}
  const audiences = typeof aud === 'string' ? [aud] : aud
  if (!isName(iss) || !isName(sub) || !isName(sid) || !isName(jti)) return undefined
  if (!isText(client_id) || !isText(tier) || !isText(name)) return undefined
  if (!isTexts(audiences) || !isTexts(roles)) return undefined
  if (!isCount(iat) || !isCount(exp) || !isCount(tv)) return undefined
  if (nbf !== undefined && !isCount(nbf)) return undefined
  if (exp <= iat || exp - iat > maxLifetimeSeconds) return undefined
  return Object.freeze({
    iss,
    aud: freezeTexts(audiences),
    sub,
    sid,
    jti,
    client_id,
    iat,
    exp,
    nbf,
    roles: freezeTexts(roles),
    tier,
    name,
    tv,
  })
}

/** Most tokens have no role: they share one list. */
function freezeTexts(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? noTexts : Object.freeze(texts)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed()
}

function isName(value: unknown): value is string {
  return isText(value) && value !== ''
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

/** Refuses NaN, 1e400, fractions, negatives and texts: a number that means two things to two readers is no date. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

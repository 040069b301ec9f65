/** A revocation, as plainly as it can be said. */
export interface PlainEntry {
  readonly type: 'token' | 'session' | 'user' | 'key' | 'issuer'
  readonly subject: string
  readonly minTv: number
  readonly until: number
  /** Unix seconds; undefined for never. */
  readonly expiresSeconds: number | undefined
}

/** What of a token revocations can name. */
export interface PlainToken {
  readonly jti: string
  readonly sid: string
  readonly sub: string
  readonly tv: number
  readonly kid: string
  readonly iss: string
  readonly iat: number
}

/** Whether one entry covers a token (protocols §2). */
export function covers(entry: PlainEntry, token: PlainToken): boolean {
  const named = { token: token.jti, session: token.sid, user: token.sub, key: token.kid, issuer: token.iss }
  if (entry.subject !== named[entry.type]) return false
  if (entry.type === 'user') return token.tv < entry.minTv
  return entry.type === 'issuer' ? token.iat <= entry.until : true
}

/**
 * Whether a token is revoked by a list of entries, where those that expired before `horizonSeconds` may have been forgotten: undefined where
 * only such entries speak against it.
 */
export function isRevoked(
  entries: readonly PlainEntry[],
  token: PlainToken,
  horizonSeconds: number,
): boolean | undefined {
  const against = entries.filter((entry) => covers(entry, token))
  if (against.length === 0) return false
  const isKept = ({ type, expiresSeconds }: PlainEntry) =>
    type === 'key' || type === 'issuer' || expiresSeconds === undefined || expiresSeconds >= horizonSeconds
  return against.some(isKept) ? true : undefined
}

import type { Session } from './session.ts'

/** A refresh token that carries the service's MAC, about to be used. */
export interface PresentedToken {
  readonly generation: number
  readonly hash: Uint8Array
  /** Empty: the client that signed in. */
  readonly clientId: string
  readonly ip: string
  readonly userAgent: string
}

/**
 * What to do with it (protocols.md §3). `rotate`: the next generation. `repeat`: the current one again, its answer was lost.
 * `reuse`: an old one, end the family and tell. `lost`: the database is behind the token, end the family. `refuse`: change nothing.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'reuse' | 'lost' | 'refuse'

/** Decides by the locked row and the database's clock. `graceMs` may be 0. */
export function decideRefresh(
  session: Session,
  token: PresentedToken,
  now: Date,
  graceMs: number,
): RefreshDecision {
  if (session.endedAt !== undefined) return 'refuse'
  if (now >= session.idleExpiresAt || now >= session.absoluteExpiresAt) return 'refuse'
  if (token.generation > session.generation) return 'lost'
  const isSameClient = token.clientId === '' || token.clientId === session.clientId
  if (token.generation === session.generation) {
    if (!isSameClient) return 'refuse'
    // The MAC holds and the bytes differ: another history of this family gave it out, and this database has lost it.
    return isEqual(token.hash, session.tokenHash) ? 'rotate' : 'lost'
  }
  return isSameClient && isRepeat(session, token, now, graceMs) ? 'repeat' : 'reuse'
}

/** The generation before, within the grace, from the client that made the current one: T2, T3. */
function isRepeat(session: Session, token: PresentedToken, now: Date, graceMs: number): boolean {
  if (token.generation !== session.generation - 1) return false
  if (session.rotatedAt === undefined || session.previousTokenHash === undefined) return false
  if (!isEqual(token.hash, session.previousTokenHash)) return false
  if (now.getTime() - session.rotatedAt.getTime() >= graceMs) return false
  return token.ip === session.rotatedByIp && token.userAgent === session.rotatedByUserAgent
}

/** Plain comparison: both sides are hashes of tokens whose MAC has been checked. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

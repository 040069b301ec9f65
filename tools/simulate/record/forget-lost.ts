import type { History } from './history.ts'

/**
 * Commits that were acknowledged have been lost: what they revoked is not revoked any more until the new epoch revokes all that was issued
 * (protocols.md §0, §1.10). What is known of sessions and users begins anew.
 */
export function forgetLost(history: History): void {
  history.revoked.length = 0
  history.revokedKeys.clear()
  for (const token of history.tokens) {
    token.revokedMs = undefined
    token.revokedBy = undefined
  }
  for (const session of history.sessions.values()) session.endedMs = undefined
  for (const user of history.users) {
    user.minTv = 0
    user.suspendedMs = undefined
    user.deletedMs = undefined
    user.endedPasswords.clear()
  }
}

/** The leader of an epoch of `timeline` has revoked what was issued up to a whole second, given in Unix milliseconds. Every promotion begins a timeline. */
export function noteSettled(history: History, untilMs: number, timeline: number): void {
  for (const epoch of history.epochs.slice(0, timeline - 1)) epoch.settledMs ??= history.time.nowMs
  for (const token of history.tokens) {
    if (token.claims.iat * 1000 <= untilMs) history.revoke(token, 'a new epoch')
  }
}

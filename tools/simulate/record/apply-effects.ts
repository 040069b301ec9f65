import { toleranceMs } from './find-linearization.ts'
import type { History } from './history.ts'
import type { AccessTokenRecord, Operation, SessionRecord, UserRecord } from './records.ts'

/** What an acknowledged call makes true from now on: which tokens must be refused, which sessions have ended. */
export function applyEffects(history: History, operation: Operation): void {
  const user = history.getUser(operation.userId)
  switch (operation.kind) {
    case 'logout':
    case 'revokeSession':
      endSession(history, history.sessions.get(operation.sessionId ?? ''), operation)
      return
    case 'suspend':
      user.suspendedMs = hasBegunLater(user, 'activate', operation) ? undefined : history.time.nowMs
      endSessions(history, user, operation)
      return
    case 'delete':
      user.deletedMs ??= history.time.nowMs
      for (const session of user.sessions) endSession(history, session, operation)
      revokeBelow(history, user, operation, Number.POSITIVE_INFINITY)
      return
    case 'logoutAll':
      endSessions(history, user, operation)
      return
    case 'changePassword':
      user.password = operation.newPassword ?? user.password
      if (operation.password !== undefined) user.endedPasswords.set(operation.password, history.time.nowMs)
      endSessions(history, user, operation)
      return
    case 'setRoles':
      revokeBelow(history, user, operation, operation.minTv ?? 0)
  }
}

/** What a token that was just given out is bound by: it may have been revoked while its answer was on its way. */
export function applyToToken(history: History, token: AccessTokenRecord, session: SessionRecord): void {
  const user = history.getUser(session.userId)
  const { by } = token
  endByPassword(history, user, session)
  if (history.revokedKeys.has(token.keyId)) history.revoke(token, 'a revocation of its key')
  if (session.endedMs !== undefined) history.revoke(token, 'an end of its session')
  if (token.claims.tv < user.minTv) history.revoke(token, 'a version of its user')
  if (user.deletedMs !== undefined) history.revoke(token, 'a deletion of its user')
  if (user.suspendedMs !== undefined && by.startMs < user.suspendedMs) {
    history.revoke(token, 'a suspension of its user')
  }
}

/** A login by a password that was being changed has opened nothing that lasts (R9). */
function endByPassword(history: History, user: UserRecord, session: SessionRecord): void {
  const { password, startMs } = session.openedBy
  const changedMs = password === undefined ? undefined : user.endedPasswords.get(password)
  if (changedMs === undefined || startMs > changedMs) return
  const isKept = user.operations.some((one) => one.kind === 'changePassword' && one.keep === session.id)
  if (!isKept) session.endedMs ??= history.time.nowMs
}

/**
 * A token of two generations ago, or older, ends its family whoever shows it (T5), and with it the session's access tokens (T8). One that has
 * expired changes nothing (protocols.md §3, 4); a service refuses to be set up so that access tokens outlive their family, worlds do not.
 */
export function applyTheft(history: History, operation: Operation): void {
  const session = history.sessions.get(operation.sessionId ?? '')
  const { presented, startMs } = operation
  if (session === undefined || presented === undefined) return
  const generations = [...session.generations]
  const isOld = generations.some(
    ([generation, { givenMs }]) => generation >= presented.generation + 2 && givenMs <= startMs,
  )
  const mayHaveExpired =
    operation.endMs >= Math.min(session.idleEndMs, session.absoluteEndMs[0]) - toleranceMs
  if (isOld && !mayHaveExpired) endSession(history, session, operation)
}

/** All that were opened by a login that had ended before, and with that all their tokens. */
function endSessions(history: History, user: UserRecord, operation: Operation): void {
  for (const session of user.sessions) {
    const isKept = session.id === operation.keep
    if (!isKept && session.openedBy.endMs <= operation.startMs) endSession(history, session, operation)
  }
  revokeBelow(history, user, operation, operation.minTv ?? 0)
}

function endSession(history: History, session: SessionRecord | undefined, operation: Operation): void {
  if (session === undefined) return
  session.endedMs ??= history.time.nowMs
  for (const token of session.tokens) history.revoke(token, `#${operation.id}`)
}

function revokeBelow(history: History, user: UserRecord, operation: Operation, minTv: number): void {
  user.minTv = Math.max(user.minTv, Math.min(minTv, Number.MAX_SAFE_INTEGER))
  for (const session of user.sessions) {
    for (const token of session.tokens) {
      const isBefore = operation.kind !== 'setRoles' && token.by.endMs <= operation.startMs
      if (isBefore || token.claims.tv < minTv) history.revoke(token, `#${operation.id}`)
    }
  }
}

function hasBegunLater(user: UserRecord, kind: Operation['kind'], than: Operation): boolean {
  return user.operations.some(
    (one) => one.kind === kind && (one.startMs >= than.startMs || one.endMs >= than.startMs),
  )
}

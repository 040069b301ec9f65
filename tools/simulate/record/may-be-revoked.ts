import type { History } from './history.ts'
import type { AccessTokenRecord, Operation, SessionRecord } from './records.ts'

const userKinds = new Set<Operation['kind']>(['suspend', 'delete', 'logoutAll', 'changePassword', 'setRoles'])

/** Whether anything that has begun by now explains that the token is refused as revoked, acknowledged or not (R8). */
export function mayBeRevoked(history: History, token: AccessTokenRecord): boolean {
  if (token.revokedMs !== undefined || history.keyRevocations.has(token.keyId)) return true
  const { sub, sid } = token.claims
  if (history.epochs.some(({ settledMs = Number.POSITIVE_INFINITY }) => token.by.startMs <= settledMs)) {
    return true
  }
  const session = history.sessions.get(sid)
  const hasLost = history.epochs.some(({ lostCommits }) => lostCommits > 0)
  if (session?.operations.some((one) => mayEndSession(one, session, hasLost))) return true
  return history.getUser(sub).operations.some((one) => mayCover(one, token))
}

/**
 * A refresh by an old token ends its family; by the current one too where a rotation nobody has heard of came before, and by one of the history
 * that a promotion has lost, whose generation another token has by now.
 */
function mayEndSession(operation: Operation, session: SessionRecord, hasLost: boolean): boolean {
  if (operation.kind === 'logout' || operation.kind === 'revokeSession') return true
  if (operation.kind !== 'refresh' || operation.outcome === 'OK') return false
  if (hasLost) return true
  const isOld = (operation.presented?.generation ?? 0) < session.generations.size
  return isOld || session.operations.some((one) => one.kind === 'refresh' && one.outcome === 'UNKNOWN')
}

function mayCover(operation: Operation, token: AccessTokenRecord): boolean {
  if (!userKinds.has(operation.kind) || operation.outcome === 'INVALID') return false
  // What it said it has revoked is all it has, of tokens with this user; sessions opened before it are ended.
  if (operation.outcome === 'OK' && operation.minTv !== undefined && token.claims.tv >= operation.minTv) {
    return operation.kind !== 'setRoles' && token.by.startMs < operation.endMs
  }
  return true
}

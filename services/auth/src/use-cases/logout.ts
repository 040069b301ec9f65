import { judgeClaims } from '@immersiverse/auth-client/verifier'
import { LogoutReason } from '@immersiverse/auth-contract'
import type { Transaction } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import { findSessionId, findUserId, type SessionId, type UserId } from '../domain/ids.ts'
import { decideRefresh } from '../domain/refresh-rules.ts'
import type { NewRevocation, RevocationMark } from '../domain/revocation.ts'
import type { Account } from '../domain/user.ts'
import type { Schema } from '../store/schema.ts'
import { endSession, endUserSessions, lockSession } from '../store/sessions.ts'
import { lockAccount, raiseTokenVersion } from '../store/users.ts'
import type { Announce, RecordAudit } from '../store/write.ts'
import { toAuditedSession, toAuditedUser } from './audited.ts'
import { openRefreshToken } from './open-refresh-token.ts'
import { toRevokedSession, toRevokedUser } from './to-revoked.ts'
import { verifyAgain } from './verify-again.ts'

type LogoutDeps = Pick<
  Deps,
  'write' | 'keyRing' | 'verifier' | 'sessionLookup' | 'refreshTokens' | 'settings'
>

/** One of the session's tokens, and how much to end. */
export interface LogoutInput {
  readonly accessToken?: string
  readonly refreshToken?: string
  readonly allSessions: boolean
}

/** A token whose signature or MAC holds, and how to tell in the transaction whether it is live. */
interface Proof {
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly refusal: AuthError
  isLive(account: Account, trx: Transaction<Schema>): Promise<boolean>
}

/** Whom to tell of a logout, and whose it is. */
interface Telling {
  readonly caller: Caller
  readonly announce: Announce
  readonly record: RecordAudit
  readonly proof: Proof
}

/**
 * Ends the session of a token, or all of its user's. Ending what has ended is no error.
 * @throws AuthError INVALID_FIELD without a token, INVALID_ACCESS_TOKEN or INVALID_REFRESH_TOKEN for one that proves nothing or, for
 *   all sessions, is not live.
 */
export async function logout(deps: LogoutDeps, caller: Caller, input: LogoutInput): Promise<RevocationMark> {
  const proof = await toProof(deps, input)
  return await deps.write(caller.origin, async (trx, announce, revoke, record) => {
    const account = await lockAccount(trx, proof.userId, 'update')
    const telling = { caller, announce, record, proof }
    if (input.allSessions) return await revoke(await endAll(trx, telling, account))
    if (!account || !(await endSession(trx, proof.sessionId))) return await revoke()
    await tell(telling, account, LogoutReason.LOGOUT)
    return await revoke(toRevokedSession(proof.sessionId, 'LOGOUT'))
  })
}

async function endAll(
  trx: Transaction<Schema>,
  telling: Telling,
  account: Account | undefined,
): Promise<NewRevocation> {
  const { proof } = telling
  if (account?.status !== 'ACTIVE' || !(await proof.isLive(account, trx))) throw proof.refusal
  const tokenVersion = await raiseTokenVersion(trx, account.id)
  await endUserSessions(trx, account.id)
  await tell(telling, account, LogoutReason.LOGOUT_ALL)
  return toRevokedUser({ id: account.id, tokenVersion }, 'LOGOUT_ALL')
}

async function tell(
  { announce, caller, proof, record }: Telling,
  { id: userId, version }: Account,
  reason: LogoutReason,
): Promise<void> {
  const { sessionId } = proof
  const isAll = reason === LogoutReason.LOGOUT_ALL
  const audited = isAll ? toAuditedUser(userId) : toAuditedSession(sessionId, userId)
  const action = isAll ? 'session.end_all' : 'session.end'
  await Promise.all([
    announce({
      name: 'logged_out',
      userId,
      data: { userId, userVersion: BigInt(version), sessionId, reason },
    }),
    record(caller, { action, ...audited, onBehalfOf: userId }),
  ])
}

async function toProof(deps: LogoutDeps, input: LogoutInput): Promise<Proof> {
  if (input.accessToken) return await toAccessProof(deps, input.accessToken, input.allSessions)
  if (input.refreshToken) return await toRefreshProof(deps, input.refreshToken)
  throw invalidField('access_token', 'an access token or a refresh token is needed')
}

/**
 * A correctly signed token of this issuer proves its session, even when it has expired or was revoked since; where it `mustBeLive`, nothing that
 * revokes it may have been committed before.
 */
async function toAccessProof(deps: LogoutDeps, token: string, mustBeLive: boolean): Promise<Proof> {
  const refuse = (reason: string) =>
    new AuthError('INVALID_ACCESS_TOKEN', { metadata: { validation_reason: reason } })
  const verified = await verifyAgain(deps, token, deps.verifier.verifySignature(token))
  if (!verified.ok) throw refuse(verified.reason)
  const { claims, keyId } = verified.token
  // Whoever has a revoked key can make a token of any session: it proves nothing.
  if (deps.keyRing.isRevoked(keyId)) throw refuse('REVOKED')
  const userId = findUserId(claims.sub)
  const sessionId = findSessionId(claims.sid)
  if (userId === undefined || sessionId === undefined) throw refuse('MALFORMED')
  if (claims.iss !== deps.settings.issuer) throw refuse('WRONG_ISSUER')
  // Before the transaction, which sees neither revoked tokens nor revoked issuers.
  const fault = mustBeLive
    ? (await deps.sessionLookup.ask(verified.token)).findFault(verified.token)
    : undefined
  if (fault !== undefined) throw refuse(fault)
  return {
    userId,
    sessionId,
    refusal: refuse('REVOKED'),
    isLive: async (account, trx) => {
      const locked = await lockSession(trx, sessionId)
      if (locked === undefined || locked.session.endedAt || claims.tv < account.tokenVersion) return false
      const { issuer, audience } = deps.settings
      const nowSeconds = locked.now.getTime() / 1000
      const rules = { issuer, audience, nowSeconds, leewaySeconds: 0, requiredRoles: [] }
      const fault = judgeClaims(claims, rules)
      if (fault !== undefined) throw refuse(fault)
      return true
    },
  }
}

async function toRefreshProof(deps: LogoutDeps, token: string): Promise<Proof> {
  const opened = await openRefreshToken(deps, token)
  return {
    userId: opened.userId,
    sessionId: opened.sessionId,
    refusal: new AuthError('INVALID_REFRESH_TOKEN'),
    isLive: async (account, trx) => {
      const locked = await lockSession(trx, opened.sessionId)
      if (locked === undefined || locked.session.userId !== account.id) return false
      const presented = { ...opened, clientId: '', ip: '', userAgent: '' }
      // Live is what a refresh would rotate; no grace here.
      return decideRefresh(locked.session, presented, locked.now, 0) === 'rotate'
    },
  }
}

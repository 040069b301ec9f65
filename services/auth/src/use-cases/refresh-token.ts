import { bounds } from '@immersiverse/auth-contract'
import type { Transaction } from 'kysely'
import type { Deps } from '../deps.ts'
import type { AuditEntry } from '../domain/audit.ts'
import type { Caller, Origin } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { decideRefresh } from '../domain/refresh-rules.ts'
import type { RevocationReason } from '../domain/revocation.ts'
import type { ClientInfo, Session } from '../domain/session.ts'
import type { Account } from '../domain/user.ts'
import { type OpenedRefreshToken, UnknownRefreshKeyError } from '../security/refresh-tokens.ts'
import { rotateCurrent } from '../store/rotate-current.ts'
import type { Schema } from '../store/schema.ts'
import { endSession, lockSession, rotateSession } from '../store/sessions.ts'
import { lockAccount } from '../store/users.ts'
import type { Announce, RecordAudit, Revoke } from '../store/write.ts'
import { assertFields } from './assert-fields.ts'
import { toAuditedSession } from './audited.ts'
import { findClientViolations } from './client-rules.ts'
import { hasStaleKeys } from './has-stale-keys.ts'
import { type Issued, issueTokens, type TokenPair } from './issue-tokens.ts'
import { openRefreshToken } from './open-refresh-token.ts'
import { toAddressCounts } from './to-counted.ts'
import { toRevokedSession } from './to-revoked.ts'
import { withFailureFloor } from './with-failure-floor.ts'

type RefreshDeps = Pick<
  Deps,
  | 'clock'
  | 'database'
  | 'write'
  | 'accessTokens'
  | 'refreshTokens'
  | 'keyRing'
  | 'newId'
  | 'settings'
  | 'log'
  | 'throttle'
>

const refusals = new Set(['INVALID_REFRESH_TOKEN', 'TOO_MANY_REFRESHES'] as const)

/**
 * Exchanges a refresh token (protocols.md §3). What is not valid counts for its address.
 * @throws AuthError INVALID_REFRESH_TOKEN whatever is wrong with it, INVALID_FIELD, TOO_MANY_REFRESHES, DATABASE_UNAVAILABLE.
 */
export async function refreshToken(
  deps: RefreshDeps,
  caller: Caller,
  input: RefreshInput,
): Promise<TokenPair> {
  assertFields(findClientViolations(input.client))
  const counted = toAddressCounts(caller, 'refresh_address')
  deps.throttle.recall('TOO_MANY_REFRESHES', counted)
  return await withFailureFloor(deps.clock, deps.settings.refreshFloorMs, refusals, async () => {
    try {
      return await exchangeToken(deps, caller, input)
    } catch (error) {
      const isInvalid = error instanceof AuthError && error.reason === 'INVALID_REFRESH_TOKEN'
      if (isInvalid) await deps.throttle.fail('TOO_MANY_REFRESHES', counted)
      throw error
    }
  })
}

interface RefreshInput {
  readonly refreshToken: string
  readonly client: ClientInfo
}

async function exchangeToken(deps: RefreshDeps, caller: Caller, input: RefreshInput): Promise<TokenPair> {
  if (input.refreshToken.length > bounds.refreshTokenBytes) throw new AuthError('INVALID_REFRESH_TOKEN')
  const opened = await openRefreshToken(deps, input.refreshToken)
  if (hasStaleKeys(deps)) await deps.keyRing.reload()
  const pair = await rotateAtOnce(deps, caller.origin, opened, input.client.clientId)
  if (pair !== undefined) return pair
  const work = (hasNewestKeys: boolean) =>
    deps.write(caller.origin, (trx, announce, revoke, record) =>
      exchange({ deps, trx, announce, revoke, record, caller, hasNewestKeys }, opened, input.client.clientId),
    )
  const outcome = await withNewestKeys(deps, work)
  // Outside the transaction: what a refusal wrote, such as a theft, must commit.
  if (outcome === undefined) throw new AuthError('INVALID_REFRESH_TOKEN')
  return await issueTokens(deps, outcome)
}

/**
 * Does the work again where it needs a key that another instance has just made: a repeated answer, made anew, has changed nothing (T2).
 * The keys are read between the two transactions, not inside one.
 */
async function withNewestKeys<T>(
  { keyRing }: RefreshDeps,
  work: (hasNewestKeys: boolean) => Promise<T>,
): Promise<T> {
  try {
    return await work(false)
  } catch (error) {
    if (!(error instanceof UnknownRefreshKeyError)) throw error
    await keyRing.reload()
    return await work(true)
  }
}

/** The one case that is frequent, in one round trip: the current token of a live family. All others go through `exchange`. */
async function rotateAtOnce(
  deps: RefreshDeps,
  origin: Origin,
  token: OpenedRefreshToken,
  clientId: string,
): Promise<TokenPair | undefined> {
  const { userId, sessionId } = token
  const next = deps.refreshTokens.make({ userId, sessionId, generation: token.generation + 1 })
  const current = { ...token, clientId }
  const rotated = await rotateCurrent(
    deps.database,
    current,
    next.secret,
    origin,
    deps.settings.refreshIdleMs,
  )
  return rotated && (await issueTokens(deps, { ...rotated, sessionId, refreshToken: next.token }))
}

interface Exchange {
  readonly deps: RefreshDeps
  readonly trx: Transaction<Schema>
  readonly announce: Announce
  readonly revoke: Revoke
  readonly record: RecordAudit
  readonly caller: Caller
  /** Whether the keys were read since the call began: then a key that is unknown is known to nobody. */
  readonly hasNewestKeys: boolean
}

/** Locks user and session, decides and carries out; undefined is a refusal. */
async function exchange(
  at: Exchange,
  token: OpenedRefreshToken,
  clientId: string,
): Promise<Issued | undefined> {
  // Sent together, run in this order: the user's row is the first lock.
  const [account, locked] = await Promise.all([
    lockAccount(at.trx, token.userId, 'share'),
    lockSession(at.trx, token.sessionId),
  ])
  if (account?.status !== 'ACTIVE' || locked === undefined) return undefined
  const { session, now } = locked
  if (session.userId !== account.id) return undefined
  const { ip, userAgent } = at.caller.origin
  const presented = { ...token, clientId, ip, userAgent }
  const decision = decideRefresh(session, presented, now, at.deps.settings.refreshGraceMs)
  if (decision === 'rotate') return await rotate(at, account, session)
  if (decision === 'repeat') return await repeat(at, account, session, now)
  if (decision === 'reuse') await endReused(at, account, session)
  if (decision === 'lost') await endLost(at, session)
  if (decision !== 'refuse') {
    at.deps.log.warn({ decision, sessionId: session.id, userId: account.id }, 'refresh family ended')
  }
  return undefined
}

async function rotate(at: Exchange, account: Account, session: Session): Promise<Issued> {
  const generation = session.generation + 1
  const next = at.deps.refreshTokens.make({ userId: account.id, sessionId: session.id, generation })
  const { refreshIdleMs } = at.deps.settings
  const issue = await rotateSession(at.trx, session.id, next.secret, at.caller.origin, refreshIdleMs)
  return {
    account,
    sessionId: session.id,
    clientId: session.clientId,
    refreshToken: next.token,
    issue,
  }
}

/** The answer was lost: the same successor again. Windows and lifetimes do not move (T6, T7). */
async function repeat(
  at: Exchange,
  account: Account,
  session: Session,
  now: Date,
): Promise<Issued | undefined> {
  const refreshToken = findRemade(at, session)
  if (refreshToken === undefined) {
    await endLost(at, session)
    const facts = { sessionId: session.id, userId: account.id, keyId: session.derivationKeyId }
    at.deps.log.warn(facts, 'refresh family ended: the database has lost the key of its token')
    return undefined
  }
  at.deps.log.info({ sessionId: session.id, userId: account.id }, 'refresh repeated within the grace')
  await recordAbout(at, session, { action: 'session.repeat' })
  return {
    account,
    sessionId: session.id,
    clientId: session.clientId,
    refreshToken,
    issue: {
      issuedAt: now,
      refreshExpiresAt: session.idleExpiresAt,
      absoluteExpiresAt: session.absoluteExpiresAt,
    },
  }
}

/** The family's current token; undefined where its key was lost with the commits that a failover lost. */
function findRemade({ deps, hasNewestKeys }: Exchange, session: Session): string | undefined {
  const name = { userId: session.userId, sessionId: session.id, generation: session.generation }
  try {
    return deps.refreshTokens.remake(name, session)
  } catch (error) {
    if (hasNewestKeys && error instanceof UnknownRefreshKeyError) return undefined
    throw error
  }
}

/** Theft: two parties hold tokens of one family (RFC 9700 §4.14.2). */
async function endReused(at: Exchange, account: Account, session: Session): Promise<void> {
  await end(at, session, 'REFRESH_TOKEN_REUSED')
  const announced = at.announce({
    name: 'refresh_token_reused',
    userId: account.id,
    data: {
      userId: account.id,
      userVersion: BigInt(account.version),
      sessionId: session.id,
      ip: at.caller.origin.ip,
    },
  })
  await Promise.all([announced, recordAbout(at, session, { action: 'session.reuse', outcome: 'FAILED' })])
}

/** The database has lost what the token was made from. */
async function endLost(at: Exchange, session: Session): Promise<void> {
  await end(at, session, 'REFRESH_TOKEN_LOST')
  await recordAbout(at, session, { action: 'session.lose', outcome: 'FAILED' })
}

/** Whoever has the token acts in the user's name. */
async function recordAbout(
  { caller, record }: Exchange,
  { id, userId }: Session,
  what: Pick<AuditEntry, 'action' | 'outcome'>,
): Promise<void> {
  await record(caller, { ...what, ...toAuditedSession(id, userId), onBehalfOf: userId })
}

async function end(at: Exchange, session: Session, reason: RevocationReason): Promise<void> {
  if (await endSession(at.trx, session.id)) await at.revoke(toRevokedSession(session.id, reason))
}

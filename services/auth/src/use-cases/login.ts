import { createHmac } from 'node:crypto'
import { bounds, LoginFailureReason } from '@immersiverse/auth-contract'
import type { Transaction } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Caller, Origin } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { SessionId } from '../domain/ids.ts'
import type { ClientInfo } from '../domain/session.ts'
import type { Account, User } from '../domain/user.ts'
import { toIdentifierKey } from '../domain/user-fields.ts'
import type { Schema } from '../store/schema.ts'
import { insertSession } from '../store/sessions.ts'
import { findAccount, lockAccount, noteLogin } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { beginLogin, type LoginAttempt } from './begin-login.ts'
import { findClientViolations } from './client-rules.ts'
import { hasStaleKeys } from './has-stale-keys.ts'
import { type Issued, issueTokens, type TokenPair } from './issue-tokens.ts'
import { withFailureFloor } from './with-failure-floor.ts'

type LoginDeps = Pick<
  Deps,
  | 'clock'
  | 'database'
  | 'write'
  | 'passwords'
  | 'accessTokens'
  | 'refreshTokens'
  | 'keyRing'
  | 'newId'
  | 'settings'
  | 'throttle'
  | 'deviceTokens'
  | 'log'
>

/** What a person types, and with which program. */
export interface LoginInput {
  readonly identifier: string
  readonly password: string
  readonly client: ClientInfo
}

const refusals = new Set(['INVALID_CREDENTIALS', 'USER_SUSPENDED', 'TOO_MANY_LOGINS'] as const)

/**
 * Opens a session for the right password. What is refused for too many failures is not looked at, and takes as long as a wrong password.
 * @throws AuthError INVALID_FIELD, INVALID_CREDENTIALS, USER_SUSPENDED, TOO_MANY_LOGINS, HASHING_BUSY, DATABASE_UNAVAILABLE.
 */
export async function login(
  deps: LoginDeps,
  caller: Caller,
  input: LoginInput,
): Promise<{ tokens: TokenPair; user: User }> {
  assertLoginInput(input)
  return await withFailureFloor(deps.clock, deps.settings.loginFloorMs, refusals, async () => {
    const found = await findByIdentifier(deps, input.identifier)
    const attempt = await beginLogin(deps, caller, input, found)
    const issued = await tryPassword(deps, caller.origin, input, { found, attempt })
    if (typeof issued === 'string') {
      await tellFailure(deps, caller.origin, input.identifier, { found, issued, attempt })
      throw new AuthError(issued === 'SUSPENDED' ? 'USER_SUSPENDED' : 'INVALID_CREDENTIALS')
    }
    await attempt.succeed(issued.account)
    const user = { ...issued.account, lastLoginAt: issued.issue.issuedAt }
    const deviceToken = deps.deviceTokens.make(input.client.deviceToken ?? '', user.id)
    return { tokens: { ...(await issueTokens(deps, issued)), deviceToken }, user }
  })
}

interface Tried {
  readonly found: Account | undefined
  readonly attempt: LoginAttempt
}

/** An attempt that ends without a judgement, such as for want of the database, was none. */
async function tryPassword(
  deps: LoginDeps,
  origin: Origin,
  { password, client }: LoginInput,
  { found, attempt }: Tried,
): Promise<Issued | 'SUSPENDED' | 'WRONG'> {
  try {
    const matches = await deps.passwords.verify(password, found?.passwordHash)
    return matches && found ? await openSession(deps, origin, found, client) : 'WRONG'
  } catch (error) {
    await attempt.giveBack().catch(() => undefined)
    throw error
  }
}

function assertLoginInput({ identifier, password, client }: LoginInput): void {
  assertFields(findClientViolations(client))
  if (identifier === '' || identifier.length > bounds.identifierMax) {
    throw invalidField('identifier', `must have 1 to ${bounds.identifierMax} characters`)
  }
  if (password === '' || Buffer.byteLength(password) > bounds.passwordMaxBytes) {
    throw invalidField('password', `must have 1 to ${bounds.passwordMaxBytes} bytes`)
  }
}

/** Usernames hold no `@`, so an identifier is one or the other. */
function findByIdentifier(deps: LoginDeps, identifier: string): Promise<Account | undefined> {
  const by = identifier.includes('@') ? 'email' : 'username'
  return findAccount(deps.database.kysely, { by, value: identifier })
}

/** WRONG: the password was changed, or the user deleted, while it was being verified. */
async function openSession(
  deps: LoginDeps,
  origin: Origin,
  verified: Account,
  client: ClientInfo,
): Promise<Issued | 'SUSPENDED' | 'WRONG'> {
  if (hasStaleKeys(deps)) await deps.keyRing.reload()
  return await deps.write(origin, async (trx, announce) => {
    const account = await lockAccount(trx, verified.id, 'share')
    if (account?.passwordVersion !== verified.passwordVersion) return 'WRONG'
    if (account.status === 'SUSPENDED') return 'SUSPENDED'
    const issued = await insert(deps, trx, origin, account, client)
    await announce({
      name: 'login_succeeded',
      userId: account.id,
      data: {
        userId: account.id,
        userVersion: BigInt(account.version),
        sessionId: issued.sessionId,
        clientId: client.clientId,
        ip: origin.ip,
        userAgent: origin.userAgent,
      },
    })
    return issued
  })
}

async function insert(
  deps: LoginDeps,
  trx: Transaction<Schema>,
  origin: Origin,
  account: Account,
  client: ClientInfo,
): Promise<Issued> {
  const sessionId = deps.newId() as SessionId
  const refresh = deps.refreshTokens.make({ userId: account.id, sessionId, generation: 1 })
  const session = { id: sessionId, userId: account.id, client, origin }
  const { refreshIdleMs: idleMs, refreshMaxMs: maxMs } = deps.settings
  const issue = await insertSession(trx, session, refresh.secret, { idleMs, maxMs })
  await noteLogin(trx, account.id, issue.issuedAt)
  return { account, sessionId, clientId: client.clientId, refreshToken: refresh.token, issue }
}

async function tellFailure(
  deps: LoginDeps,
  origin: Origin,
  identifier: string,
  { found, issued, attempt }: Tried & { readonly issued: 'SUSPENDED' | 'WRONG' },
): Promise<void> {
  const identifierHash = toIdentifierHash(deps, identifier)
  const reason = found
    ? issued === 'SUSPENDED'
      ? LoginFailureReason.USER_SUSPENDED
      : LoginFailureReason.WRONG_PASSWORD
    : LoginFailureReason.UNKNOWN_USER
  if (attempt.isLast) {
    deps.log.warn({ identifierHash, ip: origin.ip, userId: found?.id }, 'a limit of failed logins is reached')
  }
  await deps.write(origin, async (_trx, announce) => {
    await announce({
      name: 'login_failed',
      key: identifierHash,
      data: {
        userId: found?.id ?? '',
        userVersion: BigInt(found?.version ?? 0),
        reason,
        ip: origin.ip,
        userAgent: origin.userAgent,
        identifierHash,
        limitReached: attempt.isLast,
      },
    })
  })
}

/** Keyed, so that the hash of an identifier cannot be found by trying identifiers. */
function toIdentifierHash(deps: LoginDeps, identifier: string): string {
  return createHmac('sha256', deps.keyRing.fingerprintKey)
    .update(`identifier ${toIdentifierKey(identifier)}`)
    .digest('hex')
    .slice(0, 32)
}

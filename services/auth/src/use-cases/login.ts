import { createHmac } from 'node:crypto'
import { bounds, LoginFailureReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { ClientInfo } from '../domain/session.ts'
import type { Account, User } from '../domain/user.ts'
import { findViolation, toIdentifierKey, typedPasswordRule } from '../domain/user-fields.ts'
import { findAccount, lockAccount } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { toAuditedUser } from './audited.ts'
import { beginLogin, type LoginAttempt } from './begin-login.ts'
import { beginSession } from './begin-session.ts'
import { findClientViolations } from './client-rules.ts'
import { hasStaleKeys } from './has-stale-keys.ts'
import { type Issued, issueTokens, type TokenPair } from './issue-tokens.ts'
import { rehashPassword } from './rehash-password.ts'
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
    const { found, attempt, issued } = await judgePassword(deps, caller, input)
    if (typeof issued === 'string') {
      await tellFailure(deps, caller, input.identifier, { found, issued, attempt })
      throw new AuthError(issued === 'SUSPENDED' ? 'USER_SUSPENDED' : 'INVALID_CREDENTIALS')
    }
    await attempt.succeed(issued.account)
    // Nobody waits for it: it is one more hash, and nothing depends on it.
    if (found) void rehashPassword(deps, found, input.password)
    const user = { ...issued.account, lastLoginAt: issued.issue.issuedAt }
    const deviceToken = deps.deviceTokens.make(input.client.deviceToken ?? '', user.id)
    return { tokens: { ...(await issueTokens(deps, issued)), deviceToken }, user }
  })
}

interface Judged {
  readonly found: Account | undefined
  readonly attempt: LoginAttempt
  readonly issued: Issued | 'SUSPENDED' | 'WRONG'
}

/** An attempt that ends without a judgement, such as for want of the database, was none. */
async function judgePassword(deps: LoginDeps, caller: Caller, input: LoginInput): Promise<Judged> {
  // Before the first question to the database: a flood that cannot be hashed must not reach it.
  using place = deps.passwords.admit(caller.origin)
  const found = await findByIdentifier(deps, input.identifier)
  const attempt = await beginLogin(deps, caller, input, found)
  try {
    const matches = await deps.passwords.verify(input.password, found?.passwordHash, place)
    const issued = matches && found ? await openSession(deps, caller, found, input.client) : 'WRONG'
    return { found, attempt, issued }
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
  assertFields(findViolation('password', password, typedPasswordRule))
}

/** Usernames hold no `@`, so an identifier is one or the other. */
function findByIdentifier(deps: LoginDeps, identifier: string): Promise<Account | undefined> {
  const by = identifier.includes('@') ? 'email' : 'username'
  return findAccount(deps.database.kysely, { by, value: identifier })
}

/** WRONG: the password was changed, or the user deleted, while it was being verified. */
async function openSession(
  deps: LoginDeps,
  caller: Caller,
  verified: Account,
  client: ClientInfo,
): Promise<Issued | 'SUSPENDED' | 'WRONG'> {
  const { origin } = caller
  if (hasStaleKeys(deps)) await deps.keyRing.reload()
  return await deps.write(origin, async (trx, announce, _revoke, record) => {
    const account = await lockAccount(trx, verified.id, 'share')
    if (account?.passwordVersion !== verified.passwordVersion) return 'WRONG'
    if (account.status === 'SUSPENDED') return 'SUSPENDED'
    return await beginSession(deps, { trx, announce, record }, account, { caller, client })
  })
}

async function tellFailure(
  deps: LoginDeps,
  caller: Caller,
  identifier: string,
  { found, issued, attempt }: Judged & { readonly issued: 'SUSPENDED' | 'WRONG' },
): Promise<void> {
  const { origin } = caller
  const identifierHash = toIdentifierHash(deps, identifier)
  const reason = found ? (issued === 'SUSPENDED' ? 'USER_SUSPENDED' : 'WRONG_PASSWORD') : 'UNKNOWN_USER'
  if (attempt.isLast) {
    deps.log.warn({ identifierHash, ip: origin.ip, userId: found?.id }, 'a limit of failed logins is reached')
  }
  const audited = found
    ? toAuditedUser(found.id)
    : ({ target: { kind: 'identifier', id: identifierHash } } as const)
  await deps.write(origin, async (_trx, announce, _revoke, record) => {
    const announced = announce({
      name: 'login_failed',
      key: identifierHash,
      data: {
        userId: found?.id ?? '',
        userVersion: BigInt(found?.version ?? 0),
        reason: LoginFailureReason[reason],
        ip: origin.ip,
        userAgent: origin.userAgent,
        identifierHash,
        limitReached: attempt.isLast,
      },
    })
    const refused = { action: 'session.create', ...audited, outcome: 'FAILED', reason } as const
    await Promise.all([announced, record(caller, refused)])
  })
}

/** Keyed, so that the hash of an identifier cannot be found by trying identifiers. */
function toIdentifierHash(deps: LoginDeps, identifier: string): string {
  return createHmac('sha256', deps.keyRing.fingerprintKey)
    .update(`identifier ${toIdentifierKey(identifier)}`)
    .digest('hex')
    .slice(0, 32)
}

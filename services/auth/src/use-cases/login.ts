import { createHmac } from 'node:crypto'
import { bounds, LoginFailureReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller, Origin } from '../domain/caller.ts'
import { AuthError, invalidField } from '../domain/errors.ts'
import type { ClientInfo } from '../domain/session.ts'
import type { Account, User } from '../domain/user.ts'
import { toEmailKey, toUsernameKey } from '../domain/user-fields.ts'
import { findAccount, lockAccount } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { beginSession } from './begin-session.ts'
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
>

/** What a person types, and with which program. */
export interface LoginInput {
  readonly identifier: string
  readonly password: string
  readonly client: ClientInfo
}

const refusals = new Set(['INVALID_CREDENTIALS', 'USER_SUSPENDED'] as const)

/**
 * Opens a session for the right password.
 * @throws AuthError INVALID_FIELD, INVALID_CREDENTIALS, USER_SUSPENDED, HASHING_BUSY, DATABASE_UNAVAILABLE.
 */
export async function login(
  deps: LoginDeps,
  caller: Caller,
  input: LoginInput,
): Promise<{ tokens: TokenPair; user: User }> {
  assertLoginInput(input)
  return await withFailureFloor(deps.clock, deps.settings.loginFloorMs, refusals, async () => {
    const found = await findByIdentifier(deps, input.identifier)
    const matches = await deps.passwords.verify(input.password, found?.passwordHash)
    const issued = matches && found ? await openSession(deps, caller.origin, found, input.client) : 'WRONG'
    if (typeof issued === 'object') {
      const user = { ...issued.account, lastLoginAt: issued.issue.issuedAt }
      return { tokens: await issueTokens(deps, issued), user }
    }
    await tellFailure(deps, caller.origin, input.identifier, found, issued)
    throw new AuthError(issued === 'SUSPENDED' ? 'USER_SUSPENDED' : 'INVALID_CREDENTIALS')
  })
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
    return await beginSession(deps, { trx, announce }, account, { origin, client })
  })
}

async function tellFailure(
  deps: LoginDeps,
  origin: Origin,
  identifier: string,
  found: Account | undefined,
  outcome: 'SUSPENDED' | 'WRONG',
): Promise<void> {
  const identifierHash = toIdentifierHash(deps, identifier)
  const reason = found
    ? outcome === 'SUSPENDED'
      ? LoginFailureReason.USER_SUSPENDED
      : LoginFailureReason.WRONG_PASSWORD
    : LoginFailureReason.UNKNOWN_USER
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
      },
    })
  })
}

/** Keyed, so that the hash of an identifier cannot be found by trying identifiers. */
function toIdentifierHash(deps: LoginDeps, identifier: string): string {
  const key = identifier.includes('@') ? toEmailKey(identifier) : toUsernameKey(identifier)
  return createHmac('sha256', deps.keyRing.fingerprintKey)
    .update(`identifier ${key}`)
    .digest('hex')
    .slice(0, 32)
}

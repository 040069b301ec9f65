import { createHmac } from 'node:crypto'
import { UserStatus } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import { isUuid, type UserId } from '../domain/ids.ts'
import type { Account, User } from '../domain/user.ts'
import {
  displayNameRule,
  emailRule,
  findViolation,
  makePasswordRule,
  toEmailKey,
  toUsernameKey,
} from '../domain/user-fields.ts'
import { usernameRule } from '../domain/username-rule.ts'
import { insertUserSequence } from '../store/append-event.ts'
import { UniqueViolation } from '../store/driver-errors.ts'
import { findRequest, insertRequest } from '../store/request-ids.ts'
import { findAccount, insertUser } from '../store/users.ts'
import { assertFields } from './assert-fields.ts'
import { assertNewPassword } from './assert-new-password.ts'
import { toAuditedUser } from './audited.ts'
import { toAddressCounts } from './to-counted.ts'

type CreateDeps = Pick<
  Deps,
  'database' | 'write' | 'passwords' | 'passwordPolicy' | 'newId' | 'keyRing' | 'settings' | 'throttle'
>

/** A person's wishes; an empty display name means the username, an empty request id none. */
export interface CreateUserInput {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly displayName: string
  readonly requestId: string
}

/**
 * Signs a person up. The same request id with the same account data gives the same user again (AIP-155).
 * @throws AuthError INVALID_FIELD, USERNAME_TAKEN, EMAIL_TAKEN, REQUEST_ID_REUSED, TOO_MANY_SIGN_UPS, HASHING_BUSY, DATABASE_UNAVAILABLE.
 */
export async function createUser(deps: CreateDeps, caller: Caller, input: CreateUserInput): Promise<User> {
  assertCreate(deps, input)
  const fingerprint = toFingerprint(deps, input)
  const before = await findSame(deps, input.requestId, fingerprint)
  if (before) return before
  await assertNewPassword(deps, 'password', input.password, input)
  const passwordHash = await hashCounted(deps, caller, input.password)
  try {
    return await insert(deps, caller, input, { passwordHash, fingerprint })
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error
    // The first try of this very request may have won the race.
    const same = await findSame(deps, input.requestId, fingerprint)
    if (same) return same
    throw new AuthError(error.constraint === 'users_email_key' ? 'EMAIL_TAKEN' : 'USERNAME_TAKEN')
  }
}

/** Names that are taken count, too: whoever tries many looks for people. */
async function hashCounted(deps: CreateDeps, caller: Caller, password: string): Promise<string> {
  using place = deps.passwords.admit(caller.origin)
  const counted = toAddressCounts(caller, 'create_user_address')
  const attempt = await deps.throttle.begin('TOO_MANY_SIGN_UPS', counted)
  try {
    return await deps.passwords.hash(password, place)
  } catch (error) {
    await attempt.giveBack().catch(() => undefined)
    throw error
  }
}

function assertCreate(deps: CreateDeps, input: CreateUserInput): void {
  const passwordRule = makePasswordRule(deps.settings.passwordMinLength)
  const requestIdRule = (id: string) => (id === '' || isUuid(id) ? undefined : 'must be a UUID')
  assertFields(
    findViolation('username', input.username, usernameRule),
    findViolation('email', input.email, emailRule),
    findViolation('password', input.password, passwordRule),
    findViolation('display_name', input.displayName || undefined, displayNameRule),
    findViolation('request_id', input.requestId, requestIdRule),
  )
}

async function insert(
  deps: CreateDeps,
  caller: Caller,
  input: CreateUserInput,
  secrets: { passwordHash: string; fingerprint: Uint8Array },
): Promise<Account> {
  return await deps.write(caller.origin, async (trx, announce, _revoke, record) => {
    const id = deps.newId() as UserId
    const account = await insertUser(trx, {
      id,
      username: input.username.normalize('NFC'),
      email: input.email,
      displayName: input.displayName || input.username.normalize('NFC'),
      passwordHash: secrets.passwordHash,
    })
    await insertUserSequence(trx, id)
    const { fingerprint } = secrets
    if (input.requestId) await insertRequest(trx, input.requestId, { fingerprint, userId: id })
    const created = announce({
      name: 'user_created',
      userId: id,
      data: {
        userId: id,
        userVersion: BigInt(account.version),
        username: account.username,
        displayName: account.displayName,
        status: UserStatus.ACTIVE,
        roles: [...account.roles],
        subscriptionTier: account.subscriptionTier,
      },
    })
    await Promise.all([created, record(caller, { action: 'user.create', ...toAuditedUser(id) })])
    return account
  })
}

async function findSame(
  deps: CreateDeps,
  requestId: string,
  fingerprint: Uint8Array,
): Promise<Account | undefined> {
  if (requestId === '') return undefined
  const done = await findRequest(deps.database.kysely, requestId)
  if (done === undefined) return undefined
  const account = await findAccount(deps.database.kysely, { by: 'id', value: done.userId })
  if (account === undefined || Buffer.compare(done.fingerprint, fingerprint) !== 0) {
    throw new AuthError('REQUEST_ID_REUSED')
  }
  return account
}

/** Keyed, and without the password: a fast hash of it must not stand in the database. */
function toFingerprint(deps: CreateDeps, input: CreateUserInput): Uint8Array {
  const facts = [toUsernameKey(input.username), toEmailKey(input.email), input.displayName]
  return createHmac('sha256', deps.keyRing.fingerprintKey)
    .update(`create ${JSON.stringify(facts)}`)
    .digest()
}

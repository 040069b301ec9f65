import { createHash } from 'node:crypto'
import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { type FieldViolation, invalidField } from '../domain/errors.ts'
import { findUserId, type UserId } from '../domain/ids.ts'
import type { User } from '../domain/user.ts'
import { findViolation, makeTextRule, roleRule, tierRule } from '../domain/user-fields.ts'
import { type AccountFilter, listAccounts } from '../store/list-accounts.ts'
import { assertFields } from './assert-fields.ts'
import { requireService } from './require-service.ts'

/** Which users, and which page of them; empty texts are not said. */
export interface ListUsersInput {
  /** 0: 50. */
  readonly pageSize: number
  readonly pageToken: string
  readonly status: User['status'] | undefined
  readonly subscriptionTier: string
  readonly role: string
  /** What the username begins with. */
  readonly query: string
}

/**
 * A page of users in the order of their ids, from the primary.
 * @throws AuthError INVALID_FIELD, NOT_SELF, DATABASE_UNAVAILABLE.
 */
export async function listUsers(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: ListUsersInput,
): Promise<{ readonly users: User[]; readonly nextPageToken: string }> {
  requireService(caller)
  assertFields(findFilterViolations(input))
  const filter = toFilter(input)
  const size = Math.min(input.pageSize || bounds.userPageDefault, bounds.userPage)
  const after = input.pageToken === '' ? undefined : fromPageToken(input.pageToken, filter)
  // One more than the page tells whether there is another.
  const found = await listAccounts(deps.database.kysely, filter, after, size + 1)
  const users = found.slice(0, size)
  const last = users.at(-1)
  const isLastPage = found.length <= size || last === undefined
  return { users, nextPageToken: isLastPage ? '' : toPageToken(last.id, filter) }
}

function findFilterViolations(input: ListUsersInput): FieldViolation[] {
  return [
    ...findViolation('page_size', input.pageSize, (size) => (size < 0 ? 'must not be negative' : undefined)),
    ...findViolation('subscription_tier', input.subscriptionTier, tierRule),
    ...findViolation('role', input.role, roleRule),
    ...findViolation('query', input.query, makeTextRule(bounds.usernameMax)),
  ]
}

function toFilter({ status, subscriptionTier, role, query }: ListUsersInput): AccountFilter {
  return {
    status,
    subscriptionTier: subscriptionTier || undefined,
    role: role || undefined,
    usernamePrefix: query || undefined,
  }
}

/** Where the next page begins, and a print of the conditions: with others the token means nothing (AIP-158). */
function toPageToken(last: UserId, filter: AccountFilter): string {
  return Buffer.from(`${last} ${toPrint(filter)}`).toString('base64url')
}

function fromPageToken(token: string, filter: AccountFilter): UserId {
  const [id = '', print] = Buffer.from(token.slice(0, bounds.pageTokenMax), 'base64url').toString().split(' ')
  const last = findUserId(id)
  if (last === undefined) throw invalidField('page_token', 'is not one that ListUsers gave')
  if (print !== toPrint(filter)) throw invalidField('page_token', 'belongs to other conditions')
  return last
}

function toPrint({ status, subscriptionTier, role, usernamePrefix }: AccountFilter): string {
  const text = JSON.stringify([status, subscriptionTier, role, usernamePrefix])
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}

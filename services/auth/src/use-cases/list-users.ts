import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { FieldViolation } from '../domain/errors.ts'
import { findUserId } from '../domain/ids.ts'
import type { User } from '../domain/user.ts'
import { findViolation, makeTextRule, roleRule, tierRule } from '../domain/user-fields.ts'
import { type AccountFilter, listAccounts } from '../store/list-accounts.ts'
import { assertFields } from './assert-fields.ts'
import { type PageConditions, readPageToken, toPage } from './page-token.ts'
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
  const conditions = toConditions(filter)
  const after = readPageToken(input.pageToken, conditions, 'ListUsers', findUserId)
  const found = await listAccounts(deps.database.kysely, filter, after, size + 1)
  const { rows: users, nextPageToken } = toPage(found, size, conditions, ({ id }) => id)
  return { users, nextPageToken }
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

/** What a page token is bound to. */
function toConditions({ status, subscriptionTier, role, usernamePrefix }: AccountFilter): PageConditions {
  return [status, subscriptionTier, role, usernamePrefix]
}

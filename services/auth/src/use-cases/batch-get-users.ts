import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { invalidField } from '../domain/errors.ts'
import { findUserId, type UserId } from '../domain/ids.ts'
import type { User } from '../domain/user.ts'
import { findAccounts } from '../store/list-accounts.ts'
import { assertFields } from './assert-fields.ts'
import { requireService } from './require-service.ts'

/**
 * Reads up to 100 users from the primary, each once, in the order asked; `missingUserIds` are those of nobody.
 * @throws AuthError INVALID_FIELD, NOT_SELF, DATABASE_UNAVAILABLE.
 */
export async function batchGetUsers(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  input: { readonly userIds: readonly string[] },
): Promise<{ readonly users: User[]; readonly missingUserIds: string[] }> {
  requireService(caller)
  const ids = [...new Set(toUserIds(input.userIds))]
  const found = new Map((await findAccounts(deps.database.kysely, ids)).map((user) => [user.id, user]))
  return {
    users: ids.flatMap((id) => found.get(id) ?? []),
    missingUserIds: ids.filter((id) => !found.has(id)),
  }
}

function toUserIds(texts: readonly string[]): UserId[] {
  if (texts.length > bounds.batchUsers) throw invalidField('user_ids', `must be at most ${bounds.batchUsers}`)
  const ids = texts.map(findUserId)
  assertFields(
    ids.flatMap((id, at) =>
      id === undefined ? [{ field: `user_ids[${at}]`, description: 'must be a UUID' }] : [],
    ),
  )
  return ids.filter((id) => id !== undefined)
}

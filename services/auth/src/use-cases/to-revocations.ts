import type { Deps } from '../deps.ts'
import type { DeletedAccount } from '../store/platform-accounts.ts'
import type { PendingRevocation } from '../store/platform-revocations.ts'

/** What is to be revoked at the platform of an account that is forgotten: the token that the platform wants named, else the other. */
export function toRevocations(
  { newId, platforms }: Pick<Deps, 'newId' | 'platforms'>,
  account: DeletedAccount,
): Omit<PendingRevocation, 'attempts'>[] {
  const { userId, platform, id: accountId, subject } = account
  const tokens = { access_token: account.accessToken, refresh_token: account.refreshToken }
  const first = platforms.find(platform)?.facts.revokes ?? 'refresh_token'
  const column = tokens[first] === undefined ? otherOf[first] : first
  const token = tokens[column]
  return token === undefined ? [] : [{ id: newId(), userId, platform, accountId, subject, column, token }]
}

const otherOf = Object.freeze({ access_token: 'refresh_token', refresh_token: 'access_token' } as const)

import type { PlatformAccount } from '@immersiverse/auth-contract'
import type { TestClients } from '../open-test-auth.ts'
import { followAuthorization } from './follow-authorization.ts'

/** Connects an account as a person does: begins, goes to the platform, and comes back. */
export async function connectPerson(
  { platforms }: Pick<TestClients, 'platforms'>,
  userId: string,
  platform: string,
): Promise<PlatformAccount> {
  const { authorizationUrl } = await platforms.beginPlatformConnection({ userId, platform })
  const { authCode, state, iss } = await followAuthorization(authorizationUrl)
  const { account } = await platforms.connectPlatformAccount({ userId, platform, authCode, state, iss })
  if (account === undefined) throw new Error('ConnectPlatformAccount answered without an account')
  return account
}

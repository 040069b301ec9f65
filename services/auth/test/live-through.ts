import type { TestContext } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { passTime } from './families.ts'
import type { TestAuth } from './open-test-auth.ts'
import { connectPerson } from './platforms/connect-person.ts'
import { openMockPlatform } from './platforms/open-mock-platform.ts'
import { getRefusal } from './refusals.ts'
import { refresh } from './validations.ts'

const livedPlatform = 'twitch'

/** Opens the platform of {@link liveThrough}, until the test ends; returns the environment that the service needs. */
export async function openLivedPlatform(t: TestContext): Promise<Record<string, string>> {
  const platform = await openMockPlatform(livedPlatform)
  t.after(() => platform.close())
  return platform.environment
}

/** The trace context of the deletion in {@link liveThrough}. */
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** One life that makes every event there is; with a service that has {@link openLivedPlatform}'s environment. Returns the user's id. */
export async function liveThrough(auth: TestAuth): Promise<string> {
  const person = await auth.signUp()
  await auth.users.updateUser({ userId: person.id, displayName: 'Mina' })
  const [stolen, ended] = [await auth.logIn(person), await auth.logIn(person)]
  await getRefusal(auth.auth.login({ identifier: person.username, password: 'a wrong password' }))
  await auth.auth.logout({ token: { case: 'accessToken', value: ended.accessToken } })
  await refresh(auth, stolen.refreshToken)
  await passTime(auth, stolen.sessionId, 60)
  await getRefusal(auth.auth.refreshToken({ refreshToken: stolen.refreshToken }))
  const { id: platformAccountId } = await connectPerson(auth, person.id, livedPlatform)
  await auth.platforms.disconnectPlatformAccount({ userId: person.id, platformAccountId })
  const metadata = new Metadata()
  metadata.set('traceparent', traceparent)
  await auth.users.deleteUser({ userId: person.id }, { metadata })
  return person.id
}

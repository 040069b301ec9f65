import { UserStatus } from '@immersiverse/auth-contract'
import { type TestClients, toUniqueName } from './open-test-auth.ts'

/** A login that fails. */
export interface FailedLogin {
  readonly identifier: string
  readonly password: string
}

/** Makes what a kind of failure needs, and says how to log in so. */
export type MakeFailedLogin = (clients: TestClients) => Promise<FailedLogin>

const password = 'borrowed umbrella'
const wrongPassword = 'returned umbrella'

/** The ways in which a login fails that nobody may tell apart by how long it takes. */
export const failedLogins: Readonly<Record<string, MakeFailedLogin>> = Object.freeze({
  'unknown user': async () => ({ identifier: toUniqueName(), password }),
  'wrong password': async (clients) => {
    const { username } = await clients.signUp({ password })
    return { identifier: username, password: wrongPassword }
  },
  suspended: async (clients) => {
    const { username, id } = await clients.signUp({ password })
    await clients.users.updateUser({ userId: id, status: UserStatus.SUSPENDED })
    return { identifier: username, password }
  },
})

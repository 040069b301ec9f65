import { type ErrorReasonName, UserStatus } from '@immersiverse/auth-contract'
import { AuthError } from '../src/domain/errors.ts'
import { toNameCount } from '../src/use-cases/to-counted.ts'
import { type TestAuth, toUniqueName } from './open-test-auth.ts'

/** A login that fails. */
export interface FailedLogin {
  readonly identifier: string
  readonly password: string
  /** What it is told. */
  readonly reason: ErrorReasonName
}

/** Makes what a kind of failure needs, and says how to log in so. */
export type MakeFailedLogin = (auth: TestAuth) => Promise<FailedLogin>

const password = 'borrowed umbrella'
const wrongPassword = 'returned umbrella'

/** The ways in which a login fails that nobody may tell apart by how long it takes. */
export const failedLogins: Readonly<Record<string, MakeFailedLogin>> = Object.freeze<
  Record<string, MakeFailedLogin>
>({
  'unknown user': async () => ({ identifier: toUniqueName(), password, reason: 'INVALID_CREDENTIALS' }),
  'wrong password': async (auth) => {
    const { username } = await auth.signUp({ password })
    return { identifier: username, password: wrongPassword, reason: 'INVALID_CREDENTIALS' }
  },
  suspended: async (auth) => {
    const { username, id } = await auth.signUp({ password })
    await auth.users.updateUser({ userId: id, status: UserStatus.SUSPENDED })
    return { identifier: username, password, reason: 'USER_SUSPENDED' }
  },
  locked: async (auth) => {
    const { username } = await auth.signUp({ password })
    await reachLimit(auth, username)
    return { identifier: username, password, reason: 'TOO_MANY_LOGINS' }
  },
  'locked, unknown user': async (auth) => {
    const identifier = toUniqueName()
    await reachLimit(auth, identifier)
    return { identifier, password, reason: 'TOO_MANY_LOGINS' }
  },
})

/** Counts attempts with a name until there is no room for another one, as logins do before they look at a password. */
async function reachLimit({ deps }: TestAuth, identifier: string): Promise<void> {
  for (;;) {
    try {
      await deps.throttle.begin('TOO_MANY_LOGINS', [toNameCount(identifier)])
    } catch (error) {
      if (error instanceof AuthError && error.reason === 'TOO_MANY_LOGINS') return
      throw error
    }
  }
}

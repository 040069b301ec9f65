import { type TokenPair, UserStatus } from '@immersiverse/auth-contract'
import type { Calls } from '../world/world.ts'

/** Somebody whose tokens are raced for. */
export interface Racer {
  readonly userId: string
  readonly username: string
  readonly password: string
  /** Of the session that they have already. */
  readonly tokens: TokenPair
}

/** Something that issues tokens against something that revokes them. */
export interface RaceKind {
  readonly name: string
  readonly issue: 'login' | 'refresh'
  revoke(calls: Calls, racer: Racer): Promise<unknown>
}

const newPassword = 'an entirely other password'

const revocations: Readonly<Record<string, RaceKind['revoke']>> = Object.freeze({
  suspension: ({ users }, { userId }) => users.updateUser({ userId, status: UserStatus.SUSPENDED }),
  deletion: ({ users }, { userId }) => users.deleteUser({ userId }),
  'password change': ({ users }, { userId, password }) =>
    users.changePassword({ userId, currentPassword: password, newPassword }),
  logout: ({ auth }, { tokens }) => auth.logout({ token: toToken(tokens) }),
  'logout everywhere': ({ auth }, { tokens }) => auth.logout({ token: toToken(tokens), allSessions: true }),
  'revocation of the session': ({ auth }, { userId, tokens }) =>
    auth.revokeSession({ userId, sessionId: tokens.sessionId }),
})

/** After these nobody may come in with what they knew before. A login after a logout is another session, and no race. */
const closing = ['suspension', 'deletion', 'password change'] as const

/** All races of protocols.md §0 and R9. */
export const raceKinds: readonly RaceKind[] = Object.freeze([
  ...closing.map((name) => toKind('login', name)),
  ...Object.keys(revocations).map((name) => toKind('refresh', name)),
])

function toKind(issue: RaceKind['issue'], name: string): RaceKind {
  const revoke = revocations[name]
  if (revoke === undefined) throw new RangeError(`there is no ${name}`)
  return { name: `${issue} against ${name}`, issue, revoke }
}

function toToken({ accessToken }: TokenPair) {
  return { case: 'accessToken', value: accessToken } as const
}

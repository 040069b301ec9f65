import { toJson } from '@bufbuild/protobuf'
import { type RevocationMark, RevocationMarkSchema, UserStatus } from '@immersiverse/auth-contract'
import { callUntilKnown } from './call-until-known.ts'
import { makeCredentials, type OwnSession, type Person, type Surroundings } from './person.ts'

/** The ways to be revoked. */
export const revocationKinds = Object.freeze([
  'logout',
  'logout by refresh token',
  'revoke session',
  'logout everywhere',
  'suspend',
  'delete',
  'password',
  'roles',
] as const)

/** One of them. */
export type RevocationKind = (typeof revocationKinds)[number]

/** Whom a kind reaches, and what happens to their sessions. */
const reach: Readonly<Record<RevocationKind, 'session' | 'user' | 'tokens'>> = Object.freeze({
  logout: 'session',
  'logout by refresh token': 'session',
  'revoke session': 'session',
  'logout everywhere': 'user',
  suspend: 'user',
  delete: 'user',
  password: 'user',
  roles: 'tokens',
})

/**
 * Revokes in one of the ways, as often as it takes to be answered. Says whether the person may go on: not where an attempt was lost, which
 * may still arrive and revoke what is issued later, and not after the end of an account.
 */
export async function revoke(around: Surroundings, person: Person, kind: RevocationKind): Promise<boolean> {
  const { replicas, random, signal, history } = around
  const session = random.pick(person.sessions)
  const isProved =
    kind === 'logout by refresh token' ? session.refreshToken !== '' : session.tokens.length > 0
  if (kind.startsWith('logout') && !isProved) return true
  const hit = reach[kind] === 'session' ? [session] : person.sessions
  const tokens = hit.flatMap((one) => one.tokens)
  history.beginRevocation(tokens, kind)
  const { answer, unknown } = await callUntilKnown(replicas, random, signal, (calls) =>
    send(calls, person, session, kind),
  )
  if (answer === undefined) {
    history.tally('revocations without an answer')
    history.note('revocation without an answer', { kind, unknown })
    return false
  }
  history.endRevocation(tokens, kind)
  offerMark(around, answer, tokens)
  if (reach[kind] === 'session') person.sessions = person.sessions.filter((one) => one !== session)
  else if (reach[kind] === 'user') person.sessions = []
  else for (const one of person.sessions) one.tokens.length = 0
  return unknown === 0 && kind !== 'delete'
}

function offerMark({ onMark }: Surroundings, mark: RevocationMark, tokens: OwnSession['tokens']): void {
  const [token] = tokens
  // A second attempt finds nothing left to revoke: its mark is empty.
  if (token !== undefined && mark.entries.length > 0) onMark(token.id, toJson(RevocationMarkSchema, mark))
}

async function send(
  { auth, users }: Surroundings['replicas'][number]['users'],
  person: Person,
  session: OwnSession,
  kind: RevocationKind,
): Promise<RevocationMark> {
  const { revocation } = await call()
  if (revocation === undefined) throw new TypeError(`${kind} answered without a mark`)
  return revocation

  function call(): Promise<{ revocation?: RevocationMark | undefined }> {
    const accessToken = { case: 'accessToken', value: session.tokens.at(-1)?.token ?? '' } as const
    const userId = person.id
    switch (kind) {
      case 'logout':
        return auth.logout({ token: accessToken })
      case 'logout by refresh token':
        return auth.logout({ token: { case: 'refreshToken', value: session.refreshToken } })
      case 'logout everywhere':
        return auth.logout({ token: accessToken, allSessions: true })
      case 'revoke session':
        return auth.revokeSession({ userId, sessionId: session.sessionId })
      case 'suspend':
        return users.updateUser({ userId, status: UserStatus.SUSPENDED })
      case 'delete':
        return users.deleteUser({ userId })
      case 'roles':
        return users.updateUser({ userId, roles: { roles: [makeCredentials().username] } })
      case 'password':
        return changePassword()
    }
  }

  async function changePassword() {
    const newPassword = makeCredentials().password
    const answer = await users.changePassword({
      userId: person.id,
      currentPassword: person.password,
      newPassword,
    })
    person.password = newPassword
    return answer
  }
}

import type { MessageInitShape } from '@bufbuild/protobuf'
import { type UpdateUserRequestSchema, UserStatus } from '@immersiverse/auth-contract'
import { makeCredentials } from '../load/person.ts'
import { askOnce } from './ask-once.ts'
import { askUntilKnown } from './ask-until-known.ts'
import type { OwnSession, Person, Surroundings } from './person.ts'

/** A thing that somebody does. */
export type Act = (around: Surroundings, person: Person) => Promise<void>

const failure = 'login_failed'
const refusedLogins = { INVALID_CREDENTIALS: failure, USER_SUSPENDED: failure } as const
const client = Object.freeze({ clientId: 'chaos' })

/** Logs in with what should be the right password. */
export const logIn: Act = async (around, person) => {
  const { username: identifier, password } = person
  const { answer } = await askUntilKnown(
    around,
    person,
    { kind: 'login', tells: { OK: 'login_succeeded', ...refusedLogins }, certainty: 'each' },
    ({ auth }, options) => auth.login({ identifier, password, client }, options),
  )
  const pair = answer?.tokens
  if (pair !== undefined) person.sessions.push({ id: pair.sessionId, ...pair })
}

const failToLogIn: Act = async (around, { username }) => {
  const isKnown = around.random.next() < 0.7
  const identifier = isKnown ? username : makeCredentials().username
  await askUntilKnown(
    around,
    { isCertain: true },
    { kind: 'failed login', tells: refusedLogins, certainty: 'each' },
    ({ auth }, options) => auth.login({ identifier, password: 'not the password', client }, options),
  )
}

const rename: Act = async (around, person) => {
  const displayName = makeCredentials().username
  await update(around, person, 'renaming', { displayName })
}

const changeRoles: Act = async (around, person) => {
  const roles = { roles: [makeCredentials().username] }
  await update(around, person, 'role change', { roles })
}

const suspend: Act = async (around, person) => {
  await setStatus(around, person, 'suspension', UserStatus.SUSPENDED)
  person.sessions = []
}

const activate: Act = (around, person) => setStatus(around, person, 'activation', UserStatus.ACTIVE)

async function setStatus(around: Surroundings, person: Person, kind: string, status: UserStatus) {
  await update(around, person, kind, { status }, person.isCertain ? 'once' : 'maybe')
  person.isSuspended = status === UserStatus.SUSPENDED
}

type Change = Pick<MessageInitShape<typeof UpdateUserRequestSchema>, 'displayName' | 'roles' | 'status'>

/** `once` fits what no other call asks for: a value of its own. */
async function update(
  around: Surroundings,
  person: Person,
  kind: string,
  change: Change,
  certainty: 'once' | 'maybe' = 'once',
): Promise<void> {
  await askUntilKnown(
    around,
    person,
    { kind, tells: { OK: 'user_updated' }, certainty },
    ({ users }, options) => users.updateUser({ ...change, userId: person.id }, options),
  )
}

const changePassword: Act = async (around, person) => {
  const { id: userId, password: currentPassword } = person
  const newPassword = makeCredentials().password
  await askUntilKnown(
    around,
    person,
    { kind: 'password change', tells: { OK: 'user_updated' }, certainty: 'each' },
    ({ users }, options) => users.changePassword({ userId, currentPassword, newPassword }, options),
  )
  person.password = newPassword
  person.sessions = []
}

const logOut: Act = async (around, person) => {
  const session = takeSession(around, person)
  if (session === undefined) return
  const { accessToken, refreshToken, id: sessionId } = session
  const how = around.random.pick(['access token', 'refresh token', 'id'] as const)
  await askUntilKnown<unknown>(
    around,
    person,
    { kind: `logout by ${how}`, tells: { OK: 'logged_out' }, certainty: person.isCertain ? 'once' : 'maybe' },
    ({ auth }, options) => {
      if (how === 'id') return auth.revokeSession({ userId: person.id, sessionId }, options)
      if (how === 'refresh token')
        return auth.logout({ token: { case: 'refreshToken', value: refreshToken } }, options)
      return auth.logout({ token: { case: 'accessToken', value: accessToken } }, options)
    },
  )
}

const logOutEverywhere: Act = async (around, person) => {
  const session = takeSession(around, person)
  if (session === undefined) return
  const token = { case: 'accessToken', value: session.accessToken } as const
  await askUntilKnown(
    around,
    person,
    { kind: 'logout everywhere', tells: { OK: 'logged_out' }, certainty: 'each' },
    ({ auth }, options) => auth.logout({ token, allSessions: true }, options),
  )
  person.sessions = []
}

/** Somebody else has the token too, and uses it after its owner: there is no grace in these runs. */
const stealRefreshToken: Act = async (around, person) => {
  const session = takeSession(around, person)
  if (session === undefined) return
  const { refreshToken } = session
  const nothing = { kind: 'refresh', tells: {}, certainty: 'maybe' } as const
  const rotated = await askOnce(around, person, nothing, ({ auth }, options) =>
    auth.refreshToken({ refreshToken, client }, options),
  )
  if (rotated === undefined) return
  await askUntilKnown(
    around,
    person,
    {
      kind: 'use of an old refresh token',
      tells: { INVALID_REFRESH_TOKEN: 'refresh_token_reused' },
      certainty: person.isCertain ? 'once' : 'maybe',
    },
    ({ auth }, options) => auth.refreshToken({ refreshToken, client }, options),
  )
}

/** Several at once, so that one user's events come from several processes at the same time. */
const actAtOnce: Act = async (around, person) => {
  await Promise.all([logIn, logIn, failToLogIn, rename, logIn].map((act) => act(around, person)))
}

/** Ends the account. */
export const deleteAccount: Act = async (around, person) => {
  await askUntilKnown(
    around,
    person,
    { kind: 'deletion', tells: { OK: 'user_deleted' }, certainty: 'each' },
    ({ users }, options) => users.deleteUser({ userId: person.id }, options),
  )
}

function takeSession({ random }: Surroundings, person: Person): OwnSession | undefined {
  if (person.sessions.length === 0) return undefined
  const session = random.pick(person.sessions)
  person.sessions = person.sessions.filter((one) => one !== session)
  return session
}

const often: readonly Act[] = [logIn, logIn, logIn, failToLogIn, logOut, logOut, rename, actAtOnce]
const seldom: readonly Act[] = [changeRoles, suspend, changePassword, logOutEverywhere, stealRefreshToken]

/** What somebody does next. */
export function pickAct({ random }: Surroundings, person: Person): Act {
  if (person.isSuspended) return random.next() < 0.5 ? activate : logIn
  return random.pick(random.next() < 0.7 ? often : seldom)
}

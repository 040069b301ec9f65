import { randomUUID } from 'node:crypto'
import type { TestAuth } from '../open-test-auth.ts'
import { toUniqueName } from '../open-test-auth.ts'

/** A good request of every method, as its plain message; made anew for every call. */
export type GoodRequests = Readonly<Record<string, () => Record<string, unknown>>>

const platform = 'twitch'
const redirectUri = 'http://localhost:8080/back'

/** What enables the platform of the requests; nothing in them gets as far as asking it. */
export const platformEnvironment = Object.freeze({
  PLATFORM_TWITCH_CLIENT_ID: 'id',
  PLATFORM_TWITCH_CLIENT_SECRET: 'secret',
  PLATFORM_REDIRECT_URIS: `${redirectUri},http://localhost:8080/v1/platform-callback`,
})

/** Makes them for a person that has signed up. A method of the contract that is missing here fails the suite. */
export async function makeGoodRequests(auth: TestAuth): Promise<GoodRequests> {
  const person = await auth.signUp()
  const [{ accessToken, refreshToken }, ended] = [await auth.logIn(person), await auth.logIn(person)]
  const client = { clientId: 'web', deviceName: 'test' }
  const { password } = person
  return {
    Login: () => ({ identifier: person.username, password, client }),
    Logout: () => ({ token: { case: 'accessToken', value: ended.accessToken } }),
    // Its MAC does not hold: a real one would be used up by the first call and stolen goods from the second on.
    RefreshToken: () => ({ refreshToken: `${refreshToken.slice(0, -4)}AAAA`, client }),
    ValidateToken: () => ({ accessToken, audience: 'immersiverse', requiredRoles: [] }),
    ValidateTokens: () => ({ correlationId: 1n, requests: [{ accessToken }] }),
    ListSessions: () => ({ userId: person.id }),
    RevokeSession: () => ({ userId: person.id, sessionId: randomUUID() }),
    GetRevocationSnapshot: () => ({}),
    WatchRevocations: () => ({ epoch: '', afterRseq: 0n }),
    GetRevocationStatus: () => ({}),
    GetSigningKeys: () => ({}),
    CreateUser: () => {
      const username = toUniqueName()
      return { username, email: `${username}@example.org`, password, requestId: randomUUID() }
    },
    BatchGetUsers: () => ({ userIds: [person.id, randomUUID()] }),
    ListUsers: () => ({ pageSize: 2, query: person.username.slice(0, 3) }),
    GetUser: () => ({ by: { case: 'userId', value: person.id } }),
    UpdateUser: () => ({ userId: person.id, displayName: toUniqueName() }),
    ChangePassword: () => ({ userId: person.id, currentPassword: password, newPassword: password }),
    DeleteUser: () => ({ userId: randomUUID() }),
    BeginPlatformConnection: () => ({ userId: person.id, platform }),
    // A state that nobody has begun: a real one would be used up by the first call.
    ConnectPlatformAccount: () => ({ userId: person.id, platform, authCode: 'code', state: 'state' }),
    DisconnectPlatformAccount: () => ({ userId: person.id, platformAccountId: randomUUID() }),
    GetPlatformAccounts: () => ({ userId: person.id }),
    GetPlatformAccessToken: () => ({ platformAccountId: randomUUID() }),
    BeginPlatformLogin: () => ({ platform, redirectUri }),
    LoginWithPlatform: () => ({ platform, authCode: 'code', state: 'state', proof: 'proof', client }),
    ListAuditEvents: () => ({ pageSize: 2, actions: ['user.create'], userId: person.id }),
    WatchEvents: () => ({ topics: ['auth.events.user_created'] }),
  }
}

/** Reasons that any method may give for a message that it cannot take. */
const always = ['INVALID_FIELD', 'MALFORMED_MESSAGE', 'MESSAGE_TOO_LARGE']

/** The reasons that the protos document beside those. */
const documented: Readonly<Record<string, readonly string[]>> = {
  Login: ['INVALID_CREDENTIALS', 'USER_SUSPENDED', 'TOO_MANY_LOGINS'],
  Logout: ['INVALID_ACCESS_TOKEN', 'INVALID_REFRESH_TOKEN'],
  RefreshToken: ['INVALID_REFRESH_TOKEN', 'TOO_MANY_REFRESHES'],
  ListSessions: ['USER_NOT_FOUND'],
  RevokeSession: ['USER_NOT_FOUND', 'SESSION_NOT_FOUND'],
  WatchRevocations: ['REVOCATIONS_NOT_KEPT'],
  WatchEvents: ['EVENTS_NOT_KEPT'],
  CreateUser: ['USERNAME_TAKEN', 'EMAIL_TAKEN', 'REQUEST_ID_REUSED', 'TOO_MANY_SIGN_UPS'],
  GetUser: ['USER_NOT_FOUND', 'VERSION_NOT_REACHED'],
  UpdateUser: ['USER_NOT_FOUND', 'VERSION_MISMATCH', 'EMAIL_TAKEN'],
  ChangePassword: ['USER_NOT_FOUND', 'INVALID_CREDENTIALS', 'TOO_MANY_LOGINS'],
  DeleteUser: ['USER_NOT_FOUND'],
  BeginPlatformConnection: ['PLATFORM_NOT_ENABLED', 'USER_NOT_FOUND'],
  ConnectPlatformAccount: ['PLATFORM_NOT_ENABLED', 'PLATFORM_STATE_INVALID', 'USER_NOT_FOUND'],
  DisconnectPlatformAccount: ['PLATFORM_ACCOUNT_NOT_FOUND'],
  GetPlatformAccounts: ['USER_NOT_FOUND'],
  GetPlatformAccessToken: ['PLATFORM_ACCOUNT_NOT_FOUND'],
  BeginPlatformLogin: ['PLATFORM_NOT_ENABLED'],
  LoginWithPlatform: ['PLATFORM_NOT_ENABLED', 'PLATFORM_STATE_INVALID'],
}

/** Whether a method may refuse a request with a reason. */
export function isDocumented(method: string, reason: string): boolean {
  return always.includes(reason) || (documented[method] ?? []).includes(reason)
}

import type { Caller } from '../../../services/auth/src/domain/caller.ts'
import type { UserId } from '../../../services/auth/src/domain/ids.ts'
import type { RevocationMark } from '../../../services/auth/src/domain/revocation.ts'
import { changePassword } from '../../../services/auth/src/use-cases/change-password.ts'
import { deleteUser } from '../../../services/auth/src/use-cases/delete-user.ts'
import { login } from '../../../services/auth/src/use-cases/login.ts'
import { logout } from '../../../services/auth/src/use-cases/logout.ts'
import { refreshToken } from '../../../services/auth/src/use-cases/refresh-token.ts'
import { revokeSession } from '../../../services/auth/src/use-cases/revoke-session.ts'
import { updateUser } from '../../../services/auth/src/use-cases/update-user.ts'
import type { NewOperation } from '../record/history.ts'
import type { AccessTokenRecord, RefreshTokenRecord, UserRecord } from '../record/records.ts'
import type { AuthProcess } from '../world/open-auth-process.ts'
import type { World } from '../world/world.ts'
import { type GivenTokens, serveRevocation, serveTokens } from './serve-operation.ts'

/** From where somebody calls, as the service sees it. */
export interface Device {
  readonly clientId: string
  readonly ip: string
  readonly userAgent: string
}

/** The calls that change something, over the network to an instance; they reject where a caller would see an error. */
export interface Calls {
  login(user: UserRecord, password: number, device: Device): Promise<GivenTokens>
  refresh(token: RefreshTokenRecord, device: Device): Promise<GivenTokens>
  logout(token: AccessTokenRecord): Promise<RevocationMark>
  logoutAll(token: AccessTokenRecord): Promise<RevocationMark>
  revokeSession(user: UserRecord, sessionId: string): Promise<RevocationMark>
  setStatus(user: UserRecord, status: 'ACTIVE' | 'SUSPENDED'): Promise<RevocationMark>
  setRoles(user: UserRecord, roles: readonly string[]): Promise<RevocationMark>
  changePassword(
    user: UserRecord,
    passwords: readonly [number, number],
    keep: string,
  ): Promise<RevocationMark>
  deleteUser(user: UserRecord): Promise<RevocationMark>
}

const operator: Device = { clientId: 'console', ip: '10.9.9.9', userAgent: 'operator' }

/** A password by its number. */
export function toPassword(number: number): string {
  return `password number ${number}`
}

/** The service itself, or another one, that acts for nobody. */
export function toCaller({ ip, userAgent }: Device): Caller {
  return { kind: 'service', id: 'loopback', origin: { ip, userAgent } }
}

/** Makes the calls of a world. */
export function makeCalls(world: World): Calls {
  const { history } = world
  const refresh = world.variant.service?.refresh ?? refreshToken
  const ask = async <T>(serve: (auth: AuthProcess, process: string) => Promise<T>): Promise<T> => {
    const auth = world.pick()
    if (auth === undefined) throw new Error('no instance runs')
    const deadlineMs = world.random.chooseOne([400, 1500, 5000])
    return await world.network.call(world.outside, auth.process, deadlineMs, () =>
      serve(auth, auth.process.name),
    )
  }
  const revoke = (
    facts: Omit<NewOperation, 'process'>,
    call: (auth: AuthProcess, caller: Caller) => Promise<RevocationMark>,
  ) =>
    ask((auth, process) =>
      serveRevocation(history, { ...facts, process }, () => call(auth, toCaller(operator))),
    )
  const update = (user: UserRecord, kind: NewOperation['kind'], changes: object) =>
    revoke({ kind, userId: user.id }, async ({ deps }, caller) => {
      const updated = await updateUser(deps, caller, { userId: user.id, changes, expectedVersion: 0 })
      return updated.revocation
    })
  return {
    login: (user, password, device) =>
      ask((auth, process) => {
        const client = { clientId: device.clientId, deviceName: 'device' }
        const input = { identifier: user.username, password: toPassword(password), client }
        const facts = { kind: 'login', userId: user.id, process, password, client: toClient(device) } as const
        return serveTokens(
          history,
          auth,
          facts,
          async () => (await login(auth.deps, toCaller(device), input)).tokens,
        )
      }),
    refresh: (token, device) =>
      ask((auth, process) => {
        const { sessionId } = token
        const userId = history.sessions.get(sessionId)?.userId ?? ''
        const facts = {
          kind: 'refresh',
          userId,
          process,
          sessionId,
          presented: token,
          client: toClient(device),
        } as const
        const input = { refreshToken: token.text, client: { clientId: device.clientId, deviceName: '' } }
        return serveTokens(history, auth, facts, () => refresh(auth.deps, toCaller(device), input))
      }),
    logout: ({ claims, text }) =>
      revoke({ kind: 'logout', userId: claims.sub, sessionId: claims.sid }, ({ deps }, caller) =>
        logout(deps, caller, { accessToken: text, allSessions: false }),
      ),
    logoutAll: ({ claims, text }) =>
      revoke({ kind: 'logoutAll', userId: claims.sub }, ({ deps }, caller) =>
        logout(deps, caller, { accessToken: text, allSessions: true }),
      ),
    revokeSession: (user, sessionId) =>
      revoke({ kind: 'revokeSession', userId: user.id, sessionId }, ({ deps }, caller) =>
        revokeSession(deps, caller, { userId: user.id, sessionId }),
      ),
    setStatus: (user, status) => update(user, status === 'ACTIVE' ? 'activate' : 'suspend', { status }),
    setRoles: (user, roles) => update(user, 'setRoles', { roles }),
    changePassword: (user, [from, to], keep) =>
      revoke(
        { kind: 'changePassword', userId: user.id, password: from, newPassword: to, keep },
        ({ deps }, caller) =>
          changePassword(deps, caller, {
            userId: user.id as UserId,
            currentPassword: toPassword(from),
            newPassword: toPassword(to),
            keepSessionId: keep,
          }),
      ),
    deleteUser: (user) =>
      revoke({ kind: 'delete', userId: user.id }, ({ deps }, caller) =>
        deleteUser(deps, caller, { userId: user.id }),
      ),
  }
}

function toClient({ clientId, ip, userAgent }: Device): string {
  return `${clientId} ${ip} ${userAgent}`
}

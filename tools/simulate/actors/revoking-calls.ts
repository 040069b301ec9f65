import type { Deps } from '../../../services/auth/src/deps.ts'
import type { Caller } from '../../../services/auth/src/domain/caller.ts'
import type { RevocationMark } from '../../../services/auth/src/domain/revocation.ts'
import { changePassword } from '../../../services/auth/src/use-cases/change-password.ts'
import { deleteUser } from '../../../services/auth/src/use-cases/delete-user.ts'
import { logout } from '../../../services/auth/src/use-cases/logout.ts'
import { revokeSession } from '../../../services/auth/src/use-cases/revoke-session.ts'
import { updateUser } from '../../../services/auth/src/use-cases/update-user.ts'
import type { NewOperation } from '../record/history.ts'
import type { AccessTokenRecord, UserRecord } from '../record/records.ts'
import type { World } from '../world/world.ts'
import { toCaller } from './device.ts'
import { makeAsk } from './make-ask.ts'
import { serveRevocation } from './serve-operation.ts'
import { toPassword } from './to-password.ts'

/** The calls that revoke, and the one that lets a user in again; each answers with its mark. */
export interface RevokingCalls {
  logout(token: AccessTokenRecord, allSessions: boolean): Promise<RevocationMark>
  revokeSession(user: UserRecord, sessionId: string): Promise<RevocationMark>
  setStatus(user: UserRecord, status: 'ACTIVE' | 'SUSPENDED'): Promise<RevocationMark>
  setRoles(user: UserRecord, roles: readonly string[]): Promise<RevocationMark>
  /** From one password, by its number, to another. */
  changePassword(user: UserRecord, change: readonly [number, number], keep: string): Promise<RevocationMark>
  deleteUser(user: UserRecord): Promise<RevocationMark>
}

const caller = toCaller({ clientId: 'console', ip: '10.9.9.9', userAgent: 'operator' })

/** Makes them, over the network to the real use-cases. */
export function makeRevokingCalls(world: World): RevokingCalls {
  const ask = makeAsk(world)
  const revoke = (
    facts: Omit<NewOperation, 'process'>,
    call: (deps: Deps, by: Caller) => Promise<RevocationMark>,
  ) =>
    ask(({ deps, process }) =>
      serveRevocation(world.history, { ...facts, process: process.name }, () => call(deps, caller)),
    )
  const update = ({ id: userId }: UserRecord, kind: NewOperation['kind'], changes: object) =>
    revoke({ kind, userId }, async (deps, by) => {
      const { revocation } = await updateUser(deps, by, { userId, changes, expectedVersion: 0 })
      return revocation
    })
  return {
    logout: ({ claims: { sid, sub }, text: accessToken }, allSessions) =>
      revoke(
        allSessions ? { kind: 'logoutAll', userId: sub } : { kind: 'logout', userId: sub, sessionId: sid },
        (deps, by) => logout(deps, by, { accessToken, allSessions }),
      ),
    revokeSession: ({ id: userId }, sessionId) =>
      revoke({ kind: 'revokeSession', userId, sessionId }, (deps, by) =>
        revokeSession(deps, by, { userId, sessionId }),
      ),
    setStatus: (user, status) => update(user, status === 'ACTIVE' ? 'activate' : 'suspend', { status }),
    setRoles: (user, roles) => update(user, 'setRoles', { roles }),
    changePassword: ({ id: userId }, [password, newPassword], keep) =>
      revoke({ kind: 'changePassword', userId, password, newPassword, keep }, (deps, by) =>
        changePassword(deps, by, {
          userId,
          currentPassword: toPassword(password),
          newPassword: toPassword(newPassword),
          keepSessionId: keep,
        }),
      ),
    deleteUser: ({ id: userId }) =>
      revoke({ kind: 'delete', userId }, (deps, by) => deleteUser(deps, by, { userId })),
  }
}

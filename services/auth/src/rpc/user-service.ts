import {
  type ListUsersRequest,
  type UpdateUserRequest,
  type UserService,
  UserStatus,
} from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { invalidField } from '../domain/errors.ts'
import { batchGetUsers } from '../use-cases/batch-get-users.ts'
import { changePassword } from '../use-cases/change-password.ts'
import { createUser } from '../use-cases/create-user.ts'
import { deleteUser } from '../use-cases/delete-user.ts'
import { type GetUserInput, getUser } from '../use-cases/get-user.ts'
import { type ListUsersInput, listUsers } from '../use-cases/list-users.ts'
import { type UpdateUserInput, updateUser } from '../use-cases/update-user.ts'
import { toUserMessage } from './messages.ts'
import { toRevocationMarkMessage } from './revocation-messages.ts'
import type { UnaryHandlers } from './unary-handlers.ts'

/** UserService: translate in, decide, translate out. */
export function makeUserService(deps: Deps): UnaryHandlers<typeof UserService> {
  return {
    createUser: async (caller, request) => ({
      user: toUserMessage(await createUser(deps, caller, request)),
    }),
    getUser: async (caller, { by, minVersion }) => {
      const lookups = { userId: 'id', username: 'username', email: 'email' } as const
      const input: GetUserInput = {
        by: by.case && lookups[by.case],
        value: by.value ?? '',
        minVersion: Number(minVersion),
      }
      return { user: toUserMessage(await getUser(deps, caller, input)) }
    },
    batchGetUsers: async (caller, request) => {
      const { users, missingUserIds } = await batchGetUsers(deps, caller, request)
      return { users: users.map(toUserMessage), missingUserIds }
    },
    listUsers: async (caller, request) => {
      const { users, nextPageToken } = await listUsers(deps, caller, toListInput(request))
      return { users: users.map(toUserMessage), nextPageToken }
    },
    updateUser: async (caller, request) => {
      const { user, revocation } = await updateUser(deps, caller, toUpdate(request))
      return { user: toUserMessage(user), revocation: toRevocationMarkMessage(revocation) }
    },
    changePassword: async (caller, request) => ({
      revocation: toRevocationMarkMessage(await changePassword(deps, caller, request)),
    }),
    deleteUser: async (caller, request) => ({
      revocation: toRevocationMarkMessage(await deleteUser(deps, caller, request)),
    }),
  }
}

function toListInput(request: ListUsersRequest): ListUsersInput {
  const { pageSize, pageToken, subscriptionTier, role, query, status } = request
  return {
    pageSize,
    pageToken,
    status: status === UserStatus.UNSPECIFIED ? undefined : toStatus(status),
    subscriptionTier,
    role,
    query,
  }
}

function toUpdate(request: UpdateUserRequest): UpdateUserInput {
  const { email, displayName, subscriptionTier, password, roles, status } = request
  return {
    userId: request.userId,
    expectedVersion: Number(request.expectedVersion),
    changes: {
      ...(email === undefined ? {} : { email }),
      ...(displayName === undefined ? {} : { displayName }),
      ...(subscriptionTier === undefined ? {} : { subscriptionTier }),
      ...(password === undefined ? {} : { password }),
      ...(roles === undefined ? {} : { roles: roles.roles }),
      ...(status === undefined ? {} : { status: toStatus(status) }),
    },
  }
}

function toStatus(status: UserStatus): 'ACTIVE' | 'SUSPENDED' {
  if (status === UserStatus.ACTIVE) return 'ACTIVE'
  if (status === UserStatus.SUSPENDED) return 'SUSPENDED'
  throw invalidField('status', 'must be USER_STATUS_ACTIVE or USER_STATUS_SUSPENDED')
}

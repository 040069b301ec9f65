import type { User, UserService } from '@immersiverse/auth-contract'
import { type GrpcClientOf, RpcError } from '../grpc/index.ts'

/** What a read of a user may ask. */
export interface GetUserOptions {
  /** The answer is never older than this version, such as an event's `userVersion`. */
  readonly minVersion?: bigint
}

/** Reads of accounts. */
export interface Users<U = User> {
  /**
   * The user. Rejects with RpcError: NOT_FOUND `USER_NOT_FOUND`, FAILED_PRECONDITION `VERSION_NOT_REACHED`, UNAVAILABLE or
   * DEADLINE_EXCEEDED where the service would have to be asked and cannot be.
   */
  get(userId: string, options?: GetUserOptions): Promise<U>
  /** As `get`, undefined where there is no such user. */
  find(userId: string, options?: GetUserOptions): Promise<U | undefined>
  /** Those of the users who are there, by their ids; any number of them. Rejects as `get`. */
  getMany(userIds: Iterable<string>): Promise<Map<string, U>>
}

/** The calls of UserService that reads make. */
export type UserCalls = Pick<GrpcClientOf<typeof UserService>, 'getUser' | 'batchGetUsers'>

/** How many users BatchGetUsers takes at once. */
export const batchMax = 100

/** Makes the reads of accounts on a client of UserService; every call asks the service. */
export function makeUsers(client: UserCalls): Users {
  const get: Users['get'] = async (userId, { minVersion = 0n } = {}) => {
    const { user } = await client.getUser({ by: { case: 'userId', value: userId }, minVersion })
    if (user === undefined) throw new TypeError('GetUser answered without a user')
    return user
  }
  return {
    get,
    find: (userId, options) => get(userId, options).catch(toUndefinedIfMissing),
    async getMany(userIds) {
      const found = new Map<string, User>()
      for (const batch of toBatches(userIds)) {
        const { users } = await client.batchGetUsers({ userIds: batch })
        for (const user of users) found.set(user.id, user)
      }
      return found
    },
  }
}

/** Ids without repetitions, as many at once as BatchGetUsers takes. */
export function toBatches(userIds: Iterable<string>): string[][] {
  const ids = [...new Set(userIds)]
  const batches: string[][] = []
  for (let at = 0; at < ids.length; at += batchMax) batches.push(ids.slice(at, at + batchMax))
  return batches
}

/** Undefined for the answer that there is no such user; throws any other error. */
export function toUndefinedIfMissing(error: unknown): undefined {
  if (error instanceof RpcError && error.code === 'NOT_FOUND') return undefined
  throw error
}

import type { User, UserService } from '@immersiverse/auth-contract'
import type { GrpcClientOf } from '../grpc/index.ts'

/** What a read of a user may ask. */
export interface GetUserOptions {
  /** The answer is never older than this version, such as an event's `userVersion`. */
  readonly minVersion?: bigint
}

/** Reads of accounts. */
export interface Users {
  /**
   * The user as stored now. Rejects with RpcError: NOT_FOUND `USER_NOT_FOUND`, FAILED_PRECONDITION `VERSION_NOT_REACHED`, UNAVAILABLE or
   * DEADLINE_EXCEEDED where the service cannot be asked.
   */
  get(userId: string, options?: GetUserOptions): Promise<User>
}

/** Makes the reads of accounts on a client of UserService; every call asks the service. */
export function makeUsers(client: Pick<GrpcClientOf<typeof UserService>, 'getUser'>): Users {
  return {
    async get(userId, { minVersion = 0n } = {}) {
      const { user } = await client.getUser({ by: { case: 'userId', value: userId }, minVersion })
      if (user === undefined) throw new TypeError('GetUser answered without a user')
      return user
    },
  }
}

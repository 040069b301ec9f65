import { RpcError } from '@immersiverse/auth-client'
import type { GrpcClientOf } from '@immersiverse/auth-client/grpc'
import type { UserCreated, UserService } from '@immersiverse/auth-contract'
import { defaultPlan } from './plans.ts'

/** What became of an event: the plan was set, someone has one already, or the account is gone. */
export type DefaultPlanResult = 'set' | 'has a plan' | 'no such user'

/**
 * Gives a new user the default plan. May be called any number of times for the same event: a plan chosen meanwhile stays, because the
 * update holds only for the version that was read. Rejects with RpcError; the event is then delivered again.
 */
export async function setDefaultPlan(
  users: Pick<GrpcClientOf<typeof UserService>, 'getUser' | 'updateUser'>,
  { userId, userVersion }: Pick<UserCreated, 'userId' | 'userVersion'>,
): Promise<DefaultPlanResult> {
  try {
    const { user } = await users.getUser({ by: { case: 'userId', value: userId }, minVersion: userVersion })
    if (user === undefined || user.subscriptionTier !== '') return 'has a plan'
    await users.updateUser({ userId, subscriptionTier: defaultPlan, expectedVersion: user.version })
    return 'set'
  } catch (error) {
    const reason = error instanceof RpcError ? error.reason : undefined
    // Deleted before the event was read: there is no one to give a plan to, now or later.
    if (reason === 'USER_NOT_FOUND') return 'no such user'
    // Changed between the read and the write, perhaps by an upgrade: look again.
    if (reason === 'VERSION_MISMATCH') return await setDefaultPlan(users, { userId, userVersion })
    throw error
  }
}

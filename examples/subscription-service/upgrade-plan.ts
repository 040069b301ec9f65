import type { Auth } from '@immersiverse/auth-client'
import type { GrpcClientOf } from '@immersiverse/auth-client/grpc'
import type { UserService } from '@immersiverse/auth-contract'
import type { Plan } from './plans.ts'

/** What changing a plan needs. */
export interface UpgradeParts {
  readonly auth: Pick<Auth, 'principal'>
  readonly users: Pick<GrpcClientOf<typeof UserService>, 'updateUser'>
}

/** The plan of a user after a change. */
export interface UpgradeResult {
  readonly userId: string
  readonly plan: string
  /** The user's version with this plan, for `GetUser(min_version)`. */
  readonly userVersion: string
}

/**
 * Gives the caller of the request at hand a plan. This is where a real service takes the money first; the user is told of by
 * `user_updated`, and tokens carry the plan from their next refresh on. Rejects with RpcError.
 */
export async function upgradePlan({ auth, users }: UpgradeParts, plan: Plan): Promise<UpgradeResult> {
  const { userId } = auth.principal()
  const { user } = await users.updateUser({ userId, subscriptionTier: plan })
  if (user === undefined) throw new TypeError('UpdateUser answered without a user')
  return { userId, plan: user.subscriptionTier, userVersion: String(user.version) }
}

import type { Auth, EventSubscription, PositionStore } from '@immersiverse/auth-client'
import type { GrpcClientOf } from '@immersiverse/auth-client/grpc'
import type { UserService } from '@immersiverse/auth-contract'
import { setDefaultPlan } from './set-default-plan.ts'

/** What following users needs. */
export interface FollowParts {
  readonly auth: Pick<Auth, 'events'>
  readonly users: Pick<GrpcClientOf<typeof UserService>, 'getUser' | 'updateUser'>
  /** Where the position is kept without Kafka. */
  readonly position: PositionStore
  /** Told what was done about each event. */
  readonly tell: (line: string) => void
  readonly onError: (error: unknown) => void
}

/** Follows sign-ups, which get the default plan, and sees every change of a plan; the same handlers over Kafka and WatchEvents. */
export function followUsers({ auth, users, position, tell, onError }: FollowParts): EventSubscription {
  return auth
    .events({ group: 'subscription-service', position, onError })
    .on('user_created', async (created) => {
      tell(`user_created ${created.userId}: default plan: ${await setDefaultPlan(users, created)}`)
    })
    .on('user_updated', ({ userId, userVersion, subscriptionTier, changedFields }) => {
      if (!changedFields.includes('subscription_tier')) return
      tell(`user_updated ${userId}: the plan is ${subscriptionTier} as of version ${userVersion}`)
    })
    .start()
}

import type { AuthProcess } from '../world/open-auth-process.ts'
import type { World } from '../world/world.ts'

/** Has something served by an instance, over the network; rejects where a caller would see an error. */
export type Ask = <T>(serve: (auth: AuthProcess) => Promise<T>) => Promise<T>

/** Makes the way of users and operators to the service: a load balancer, and deadlines as impatient as people are. */
export function makeAsk(world: World): Ask {
  return async (serve) => {
    const auth = world.pick()
    if (auth === undefined) throw new Error('no instance runs')
    const deadlineMs = world.random.chooseOne([400, 1500, 5000])
    return await world.network.call(world.outside, auth.process, deadlineMs, () => serve(auth))
  }
}

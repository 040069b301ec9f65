import { RpcError } from '../../../packages/client/src/grpc/rpc-error.ts'
import type { Random } from '../time/make-random.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { Link } from './link.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What every process is connected by: a {@link Link} for each two. */
export class Network {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #links = new Map<string, Link>()

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** The link between two, by their names. */
  between(one: string, other: string): Link {
    const name = one < other ? `${one}|${other}` : `${other}|${one}`
    const known = this.#links.get(name)
    if (known !== undefined) return known
    const link = new Link(this.#time, this.#random)
    this.#links.set(name, link)
    return link
  }

  /**
   * Calls another process: `handle` runs there. Rejects with what it throws; with RpcError UNAVAILABLE where the connection breaks, and
   * DEADLINE_EXCEEDED after that time.
   */
  call<T>(
    from: SimulatedProcess,
    to: SimulatedProcess,
    deadlineMs: number,
    handle: () => Promise<T>,
  ): Promise<T> {
    const link = this.between(from.name, to.name)
    return new Promise((resolve, reject) => {
      const settle = (tell: () => void) => {
        deadline.fire = undefined
        forget()
        from.deliver(tell)
      }
      const breakOff = () => settle(() => reject(new RpcError('UNAVAILABLE', undefined, 'connection broke')))
      const deadline = this.#time.after(deadlineMs, () =>
        settle(() => reject(new RpcError('DEADLINE_EXCEEDED', undefined, 'no answer in time'))),
      )
      const forgetLink = link.onBreak(breakOff)
      const forgetDeath = to.onDeath(breakOff)
      const forget = () => {
        forgetLink()
        forgetDeath()
      }
      const answer = (tell: () => void) => {
        if (!to.isDead) link.send({ arrive: () => settle(tell), fail: breakOff })
      }
      const arrive = () => {
        if (to.isDead) breakOff()
        else
          to.deliver(() => {
            handle().then(
              (value) => answer(() => resolve(value)),
              (error) => answer(() => reject(error)),
            )
          })
      }
      link.send({ arrive, fail: breakOff })
    })
  }
}

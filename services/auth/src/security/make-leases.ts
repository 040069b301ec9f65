import type { Clock } from '../domain/clock.ts'
import type { Counters, TakenCount, WantedCount } from '../domain/counter.ts'

/** A counter of which an instance may take several in advance. */
export interface LeasedCount extends WantedCount {
  /** How many at once; below 2 each attempt asks for itself. */
  readonly lease?: number
}

/** What an instance has taken of counters and not handed out yet. */
export interface Leases {
  /** One of a lease, a new one where none is left; undefined where the counter is not leased or has no room for a lease. */
  take(wanted: LeasedCount): Promise<TakenCount | undefined>
  /** Keeps it for the next attempt; false for what was not handed out here. */
  takeBack(given: TakenCount): boolean
  forget(keys: readonly string[]): void
}

interface Lease {
  left: number
  readonly windowEndsAt: Date
  /** When the window has ended at the latest, on this machine's monotonic clock. */
  readonly endsMs: number
}

/** So long after there was no room for a lease none is asked for. */
const noRoomMs = 1_000

/** Makes an instance's leases; it has none yet. `take` throws what the counters throw. */
export function makeLeases(
  { take }: Pick<Counters, 'take'>,
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
): Leases {
  const leases = new Map<string, Lease>()
  const renewals = new Map<string, Promise<boolean>>()
  const noRoomUntilMs = new Map<string, number>()
  /** Undefined once it was given back. */
  const givenFrom = new WeakMap<TakenCount, Lease | undefined>()

  function giveFrom(key: string): TakenCount | undefined {
    const lease = leases.get(key)
    const remainingMs = (lease?.endsMs ?? 0) - monotonicMs()
    if (lease === undefined || lease.left === 0 || remainingMs <= 0) return undefined
    lease.left -= 1
    // How many others have taken is not known, so this is never the last.
    const given = { key, count: 0, windowEndsAt: lease.windowEndsAt, remainingMs }
    givenFrom.set(given, lease)
    return given
  }

  async function renew({ lease: amount = 1, ...wanted }: LeasedCount): Promise<boolean> {
    const { key } = wanted
    const askedMs = monotonicMs()
    const answer = await take([{ ...wanted, amount }])
    const [taken] = answer.isAllowed ? answer.taken : []
    if (taken === undefined) noRoomUntilMs.set(key, askedMs + noRoomMs)
    else {
      const { remainingMs, windowEndsAt } = taken
      leases.set(key, { left: amount, windowEndsAt, endsMs: askedMs + remainingMs })
    }
    return taken !== undefined
  }

  /** One at a time of each counter: whoever comes meanwhile waits for the same. */
  function renewOnce(wanted: LeasedCount): Promise<boolean> {
    const { key } = wanted
    const known = renewals.get(key)
    if (known) return known
    const renewal = renew(wanted).finally(() => renewals.delete(key))
    renewals.set(key, renewal)
    return renewal
  }

  return {
    take: async (wanted) => {
      const { key, lease = 1 } = wanted
      if (lease < 2 || (noRoomUntilMs.get(key) ?? 0) > monotonicMs()) return undefined
      for (;;) {
        const given = giveFrom(key)
        if (given !== undefined || !(await renewOnce(wanted))) return given
      }
    },
    takeBack: (given) => {
      if (!givenFrom.has(given)) return false
      const lease = givenFrom.get(given)
      if (lease) lease.left += 1
      givenFrom.set(given, undefined)
      return true
    },
    forget: (keys) => {
      for (const key of keys) leases.delete(key)
    },
  }
}

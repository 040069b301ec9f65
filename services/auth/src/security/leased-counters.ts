import type { Clock } from '../domain/clock.ts'
import type { Counters } from '../domain/counter.ts'
import { type LeasedCount, makeLeases } from './make-leases.ts'

/** {@link Counters} of which some may be leased. */
export interface LeasedCounters extends Counters {
  take(wanted: readonly LeasedCount[]): ReturnType<Counters['take']>
}

/**
 * Counters whose leased ones are taken several at a time and handed out here: where everybody's attempts meet, a row is then locked once for
 * all of a lease, not by each of them for as long as its commit takes. All instances together hand out no more than the limit; what one has taken and not
 * needed is lost to the others until the window ends. Where there is no room for a lease, attempts ask for themselves.
 */
export function makeLeasedCounters(counters: Counters, clock: Pick<Clock, 'monotonicMs'>): LeasedCounters {
  const leases = makeLeases(counters, clock)
  return {
    take: async (wanted) => {
      const given = await Promise.all(wanted.map(leases.take))
      const held = given.filter((one) => one !== undefined)
      const asked = wanted.filter((_, place) => given[place] === undefined)
      if (asked.length === 0) return { isAllowed: true, taken: held }
      try {
        const answer = await counters.take(asked)
        return answer.isAllowed ? { ...answer, taken: [...answer.taken, ...held.splice(0)] } : answer
      } finally {
        for (const one of held) leases.takeBack(one)
      }
    },
    giveBack: async (taken) => {
      const others = taken.filter((one) => !leases.takeBack(one))
      if (others.length > 0) await counters.giveBack(others)
    },
    clear: async (keys) => {
      leases.forget(keys)
      await counters.clear(keys)
    },
    list: (keys) => counters.list(keys),
  }
}

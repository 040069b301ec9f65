import type { Counters, Taken, WantedCount } from '../domain/counter.ts'
import type { Database } from '../store/database.ts'
import { deleteCounters, listCounters, lowerCounters, raiseCounters } from '../store/rate-counters.ts'

/** Makes counters of the service's own database: what restarts keep and instances share. */
export function makeDatabaseCounters({ kysely }: Pick<Database, 'kysely'>): Counters {
  return {
    take: async (wanted) => (await findFull(wanted)) ?? (await raise(wanted)),
    giveBack: async (taken) => {
      if (taken.length > 0) await lowerCounters(kysely, taken)
    },
    clear: async (keys) => {
      if (keys.length > 0) await deleteCounters(kysely, keys)
    },
    list: (keys) => listCounters(kysely, keys),
  }

  /** A refusal that only reads: whoever knocks on a locked door makes nobody write. */
  async function findFull(wanted: readonly WantedCount[]): Promise<Taken | undefined> {
    const room = new Map(wanted.map(({ key, limit, amount = 1 }) => [key, limit - amount]))
    const present = await listCounters(
      kysely,
      wanted.map(({ key }) => key),
    )
    const full = present.filter(({ key, count }) => count > (room.get(key) ?? 0))
    if (full.length === 0) return undefined
    return { isAllowed: false, full }
  }

  async function raise(wanted: readonly WantedCount[]): Promise<Taken> {
    const limits = new Map(wanted.map(({ key, limit }) => [key, limit]))
    const inOrder = wanted.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    const raised = await raiseCounters(kysely, inOrder)
    const over = raised.filter(({ key, count }) => count > (limits.get(key) ?? 0))
    if (over.length === 0) return { isAllowed: true, taken: raised }
    await lowerCounters(kysely, raised)
    return { isAllowed: false, full: over }
  }
}

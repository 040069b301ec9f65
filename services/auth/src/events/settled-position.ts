import type { Clock } from '../domain/clock.ts'
import type { LeaderSession, RowWriters } from '../store/database.ts'
import type { Lane } from '../store/lanes.ts'

/** Up to where a lane's rows are all numbered, and no other can appear: a look for more begins behind it. */
export interface SettledPosition {
  readonly position: number
  /** To be called before a numbering. */
  prepare(): Promise<void>
  /** To be called after it, with whether every row that was visible has its number. */
  conclude(isAll: boolean): void
}

const lookEveryMs = 1000

/**
 * Follows the settled position in one term. A row's position is drawn while its writer holds a lock on the table, until it ends. So once nobody of those
 * who held one when a position had been drawn does so any more, every row up to it is visible or will never be: a numbering that begins then and
 * leaves nothing settles it. Foreign transactions, however long, hold no lock on the table and hold nothing up: without this, looks would walk over
 * all index entries that died since they began. Where the database cannot tell writers it stays 0.
 */
export function makeSettledPosition(session: LeaderSession, lane: Lane, clock: Clock): SettledPosition {
  let position = 0
  let awaited: RowWriters | undefined
  let candidate: number | undefined
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return {
    get position() {
      return position
    },
    async prepare() {
      if (session.lookAtWriters === undefined || clock.monotonicMs() - lookedAtMs < lookEveryMs) return
      lookedAtMs = clock.monotonicMs()
      const now = await session.lookAtWriters(lane.table)
      if (awaited?.writers.some((writer) => now.writers.includes(writer))) return
      candidate = awaited?.drawn ?? candidate
      awaited = now
    },
    conclude(isAll) {
      if (!isAll || candidate === undefined) return
      position = candidate
      candidate = undefined
    },
  }
}

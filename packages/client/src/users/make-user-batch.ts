import { decodeUserState } from '../events/decode-user-state.ts'
import type { TopicRecords } from '../events/open-topic-reader.ts'
import { isNewer, type ProjectedUser, toProjectedUser } from './projected-user.ts'
import type { PartitionStep, ProjectionBatch, ProjectionState } from './user-projection.ts'

/** What was read and not yet written. */
export interface UserBatch {
  /** Takes the next records of a partition; `other` is the epoch of its latest heartbeat, where that is not the table's. */
  take(part: TopicRecords): { readonly other: string | undefined }
  readonly users: number
  /** What is to be written; from here on it counts as written. */
  drain(): ProjectionBatch
}

interface Place {
  from: bigint
  next: bigint
  isListed: boolean
  /** Of the latest heartbeat of this epoch. */
  beat: { readonly term: bigint; readonly asOf: Date } | undefined
  asOf: Date | undefined
}

/**
 * Makes an empty batch. A heartbeat says that everything up to it stands before it, but compaction may have taken out what had a successor behind
 * it. So it counts only once the partition was read to its end: the successors have been read as well then. Records of another epoch do not count.
 */
export function makeUserBatch({
  epoch,
  partitions,
}: Pick<ProjectionState, 'epoch' | 'partitions'>): UserBatch {
  let users = new Map<string, ProjectedUser>()
  const places = new Map<number, Place>(
    partitions.map(({ partition, next, isListed }) => [
      partition,
      { from: next, next, isListed, beat: undefined, asOf: undefined },
    ]),
  )

  function takeUser(user: ProjectedUser | undefined): void {
    if (user === undefined || user.epoch !== epoch) return
    const known = users.get(user.id)
    if (known === undefined || isNewer(user, known)) users.set(user.id, user)
  }

  return {
    take({ partition, records, next, isAtEnd }) {
      const place = places.get(partition)
      if (place === undefined) throw new TypeError(`partition ${partition} is not followed`)
      let other: string | undefined
      for (const record of records) {
        const said = decodeUserState(record)
        if (said === undefined) continue
        if (said.kind !== 'heartbeat') takeUser(toProjectedUser(said))
        else if (said.epoch !== epoch) other = said.epoch
        else {
          other = undefined
          if (place.beat === undefined || said.term >= place.beat.term) place.beat = said
        }
      }
      place.next = next
      if (isAtEnd && place.beat !== undefined) {
        place.isListed = true
        place.asOf = place.beat.asOf
      }
      return { other }
    },
    get users() {
      return users.size
    },
    drain() {
      const steps: PartitionStep[] = []
      for (const [partition, place] of places) {
        const { from, next, isListed, asOf } = place
        if (next === from) continue
        steps.push({ partition, from, next, isListed, asOf })
        Object.assign(place, { from: next, asOf: undefined })
      }
      const batch = { users: [...users.values()], steps }
      users = new Map()
      return batch
    },
  }
}

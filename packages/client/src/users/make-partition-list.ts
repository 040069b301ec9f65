import { decodeUserState } from '../events/decode-user-state.ts'
import type { PartitionRecord } from '../events/partition-record.ts'
import { noRow } from './packed/packed-rows.ts'
import { PackedUsers } from './packed/packed-users.ts'

/** What a heartbeat has to be behind for what stands before it to be all. */
export interface ListFloor {
  /** The end of the partition, after the list was asked for. */
  readonly offset: bigint
  /** The database's clock, after the list was asked for. */
  readonly asOf: Date
  readonly epoch: string
}

/** The users of one partition, as they were at some moment after the list was asked for. */
export interface PartitionList {
  /** Takes the next records, in order; true once the list is complete, and what comes behind is left out. */
  take(records: readonly PartitionRecord[]): boolean
  readonly users: Pick<PackedUsers, 'values' | 'size'>
}

/**
 * Makes an empty list. Both are asked of the heartbeat, offset and clock: a clock that was set back makes old heartbeats seem later than they are, a
 * heartbeat that waited was read long before it was written. Records of another epoch may tell of commits that were lost. Users of whom a record
 * says that there is something newer, which it does not hold, are left out: they are asked for.
 */
export function makePartitionList(floor: ListFloor): PartitionList {
  const users = new PackedUsers()
  let isComplete = false
  let term = 0n

  function take(record: PartitionRecord): void {
    const said = decodeUserState(record)
    if (said === undefined) return
    if (said.kind === 'unknown') leaveOut(said.userId)
    else if (said.epoch !== floor.epoch) return
    else if (said.kind === 'changed')
      users.write(users.find(said.user.id) || users.add(said.user.id), said.user)
    else if (said.kind === 'deleted') leaveOut(said.userId)
    else if (said.term >= term) {
      term = said.term
      isComplete = record.offset >= floor.offset && said.asOf > floor.asOf
    }
  }

  function leaveOut(userId: string): void {
    const row = users.find(userId)
    if (row !== noRow) users.remove(row)
  }

  return {
    users,
    take(records) {
      for (const record of records) {
        if (isComplete) break
        take(record)
      }
      return isComplete
    },
  }
}

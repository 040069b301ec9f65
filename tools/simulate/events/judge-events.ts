import { eventNames } from '@immersiverse/auth-contract'
import type { NumberedEvent } from '../../../services/auth/src/store/outbox.ts'
import type { ModelRow } from '../model-database/model-database.ts'
import type { BrokerRecord } from './broker.ts'
import type { EventWorld } from './event-world.ts'
import { toPartition } from './topics.ts'

/** An event's row as it was inserted by a commit. */
export interface CommittedEvent {
  readonly row: ModelRow
  readonly atMs: number
  readonly isLost: boolean
}

/** All events that were ever committed, by their ids. Retention may have deleted their rows since. */
export function findCommitted({ model }: EventWorld): Map<string, CommittedEvent> {
  const committed = new Map<string, CommittedEvent>()
  for (const { atMs, changes, isLost } of model.truth.commits) {
    for (const { after, before, table } of changes) {
      if (table !== 'outbox' || before !== undefined || after === undefined) continue
      committed.set(String(after.id), { row: after, atMs, isLost })
    }
  }
  return committed
}

/** What stands in the topics of events, in the order of each partition. */
export function listRecords({ broker }: EventWorld): BrokerRecord[][] {
  return eventNames.flatMap((name) => broker.partitions(name))
}

/** Holds topics, database and callers against one another: O1 to O7 of protocols.md §1. To be asked when all has drained. */
export function judgeEvents(world: EventWorld): void {
  const committed = findCommitted(world)
  const logs = listRecords(world)
  judgeCallers(world, committed)
  judgeRecords(world, committed, logs)
  judgeNumbers(world)
  // A database that has lost commits forgets what it has said: only its new epoch has an order.
  if (world.history.lostCommits > 0) return
  judgeComplete(world, committed, logs)
  judgeOrder(world, committed, logs)
}

/** O1: what a caller was told has its events; what was rolled back has none. */
function judgeCallers({ history }: EventWorld, committed: Map<string, CommittedEvent>): void {
  const traces = new Set([...committed.values()].map(({ row }) => row.traceparent))
  const quiet = new Set(['log-out'])
  for (const { acknowledgedAt, id, isUndone, kind, version } of history.writes) {
    const isTold = traces.has(`#${id}`)
    if (isUndone && isTold) history.violate('O1', `#${id} was rolled back, and has an event`)
    const mustTell = acknowledgedAt !== undefined && version !== undefined && !quiet.has(kind)
    if (mustTell && !isTold) history.violate('O1', `#${id} ${kind} was done, and has no event`)
  }
}

/** O3, O6: every record is a committed event's, byte for byte, and stands where its key belongs. */
function judgeRecords(
  { history }: EventWorld,
  committed: Map<string, CommittedEvent>,
  logs: readonly BrokerRecord[][],
): void {
  for (const { key, partition, topic, value } of logs.flat()) {
    const event = value as NumberedEvent
    const row = committed.get(event.id)?.row
    const isSame =
      row !== undefined &&
      row.event === topic &&
      row.key === key &&
      (row.user_sequence ?? undefined) === event.userSequence &&
      Buffer.from(event.data).equals(row.data as Uint8Array)
    if (!isSame) history.violate('O3', `${topic} has ${event.id}, which nobody has committed so`)
    if (partition !== toPartition(key)) history.violate('O6', `${key} stands in partition ${partition}`)
  }
}

/** O7: an event keeps its number, and no other has it. */
function judgeNumbers({ history, model }: EventWorld): void {
  const numberById = new Map<string, string>()
  const idByNumber = new Map<string, string>()
  for (const { changes } of model.truth.commits) {
    for (const { after, table } of changes) {
      if (table !== 'outbox' || after?.pub_seq === undefined || after.pub_seq === null) continue
      const id = String(after.id)
      const number = `${after.epoch} ${after.pub_seq}`
      const known = numberById.get(id)
      if (known !== undefined && known !== number && history.lostCommits === 0) {
        history.violate('O7', `${id} has the numbers ${known} and ${number}`)
      }
      numberById.set(id, number)
      const other = idByNumber.get(number)
      if (other !== undefined && other !== id) history.violate('O7', `${number} is ${other} and ${id}`)
      idByNumber.set(number, id)
    }
  }
}

/** O2: nothing that was committed is missing. */
function judgeComplete(
  { history }: EventWorld,
  committed: Map<string, CommittedEvent>,
  logs: readonly BrokerRecord[][],
): void {
  const seen = new Set(logs.flat().map(({ value }) => (value as NumberedEvent).id))
  for (const [id, { row }] of committed) {
    if (!seen.has(id)) history.violate('O2', `${row.event} ${id} (${row.traceparent}) is in no topic`)
  }
}

/** O4, O5: the first occurrences of a user's events are in order, and a later one repeats what was seen. */
function judgeOrder(
  { history }: EventWorld,
  committed: Map<string, CommittedEvent>,
  logs: readonly BrokerRecord[][],
): void {
  const all = new Map<string, number[]>()
  for (const log of logs) {
    const last = new Map<string, number>()
    const seen = new Set<string>()
    for (const { key, topic, value } of log) {
      const { id, topicPrevious, userSequence } = value as NumberedEvent
      if (seen.has(id) || userSequence === undefined) continue
      seen.add(id)
      const before = last.get(key) ?? 0
      if (topicPrevious !== before || userSequence <= before) {
        history.violate(
          'O4',
          `${topic} of ${key.slice(-4)}: ${userSequence} says ${topicPrevious} was before, it was ${before}`,
        )
      }
      last.set(key, userSequence)
      all.set(key, [...(all.get(key) ?? []), userSequence])
    }
  }
  const ofUsers = [...committed.values()].filter(({ row }) => row.user_sequence !== null)
  for (const [key, rows] of Map.groupBy(ofUsers, ({ row }) => String(row.key))) {
    const found = (all.get(key) ?? []).sort((a, b) => a - b)
    const isGapless = found.length === rows.length && found.every((sequence, at) => sequence === at + 1)
    if (!isGapless) history.violate('O4', `${key.slice(-4)} has the numbers ${found} in all topics`)
  }
}

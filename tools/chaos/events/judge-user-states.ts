import type { Committed, CommittedEvent, CommittedUser } from './committed.ts'
import type { EventViolation } from './event-violation.ts'
import type { Operation } from './operation.ts'
import type { TopicRecord } from './topic-record.ts'

/** What the topic of users' states was found to be. */
export interface UserStatesVerdict {
  readonly violations: readonly EventViolation[]
  readonly states: number
  readonly heartbeats: number
}

/** A version that a user got, and by when its state must stand on the topic. */
interface Change {
  readonly event: CommittedEvent
  readonly version: number
  /** When its caller was answered OK. */
  readonly toldAtMs: number
}

const changes = new Set(['user_created', 'user_updated', 'user_deleted'])
/** Two clocks are read one after the other, and tell whole milliseconds. */
const toleranceMs = 1

/**
 * Compares the topic of users' states, by partition and offset, with the users: a user's versions never go back (a late repetition would win in a
 * compacted topic), the last record is what the database holds, without a value where the user was deleted (O2, O3), and a heartbeat stands
 * behind every change of its partition that it speaks of (O8), those of older terms aside (O9). `records` are all that were committed. Pure.
 */
export function judgeUserStates(
  { users, events }: Pick<Committed, 'users' | 'events'>,
  records: readonly TopicRecord[],
  operations: readonly Operation[],
): UserStatesVerdict {
  const violations: EventViolation[] = []
  const last = new Map<string, TopicRecord>()
  const beats = records.filter(({ key }) => key === 'heartbeat')
  for (const record of records) {
    const { key, partition, offset, appendedAtMs } = record
    if (key === 'heartbeat') continue
    const before = last.get(key)
    if (before !== undefined && toVersion(record) < toVersion(before)) {
      const told = `user ${key} goes back from version ${toVersion(before)} to ${toVersion(record)} at partition ${partition} offset ${offset}`
      violations.push({ property: 'O4', told, atMs: appendedAtMs })
    }
    last.set(key, record)
  }
  const known = new Set(users.map(({ id }) => id))
  for (const [key, { appendedAtMs }] of last) {
    if (known.has(key)) continue
    violations.push({
      property: 'O3',
      told: `phantom: the state of ${key}, who is no user`,
      atMs: appendedAtMs,
    })
  }
  for (const user of users) {
    const record = last.get(user.id)
    const told = record === undefined ? 'lost: there is none' : findDifference(user, record)
    if (told !== undefined)
      violations.push({
        property: 'O2',
        told: `state of user ${user.id}: ${told}`,
        atMs: record?.appendedAtMs,
      })
  }
  violations.push(...judgeBeats(listChanges(events, operations), records))
  return { violations, states: records.length - beats.length, heartbeats: beats.length }
}

function toVersion({ headers }: TopicRecord): number {
  return Number(headers.ce_userversion)
}

function findDifference(user: CommittedUser, record: TopicRecord): string | undefined {
  if (toVersion(record) !== user.version) return `version ${toVersion(record)}, not ${user.version}`
  if (user.isDeleted) return record.value === '' ? undefined : 'a value, and the user was deleted'
  if (record.value === '') return 'no value, and the user was not deleted'
  const { userId, userVersion, username, displayName, status, roles } = JSON.parse(record.value)
  const found = [userId, Number(userVersion), username, displayName, status, ...roles]
  const { id, version, profile } = user
  const expected = [id, version, profile?.username, profile?.displayName]
  expected.push(`USER_STATUS_${profile?.status}`, ...(profile?.roles ?? []))
  return JSON.stringify(found) === JSON.stringify(expected) ? undefined : `${found}, not ${expected}`
}

function listChanges(events: readonly CommittedEvent[], operations: readonly Operation[]): Change[] {
  const toldAtMs = new Map<string | undefined, number>()
  for (const { attempts } of operations)
    for (const { traceparent, outcome, endedAtMs = 0 } of attempts)
      if (outcome === 'OK') toldAtMs.set(traceparent, endedAtMs)
  return events
    .filter(({ event }) => changes.has(event))
    .map((event) => ({
      event,
      version: Number((JSON.parse(event.data) as { userVersion: string }).userVersion),
      toldAtMs: toldAtMs.get(event.traceparent) ?? Number.POSITIVE_INFINITY,
    }))
}

function judgeBeats(all: readonly Change[], records: readonly TopicRecord[]): EventViolation[] {
  const violations: EventViolation[] = []
  const partitions = new Map(records.map(({ key, partition }) => [key, partition]))
  const waiting = new Map<number, Map<string, Change[]>>()
  for (const change of all) {
    const { key } = change.event
    const partition = partitions.get(key) ?? -1
    const users = waiting.get(partition) ?? new Map<string, Change[]>()
    users.set(key, [...(users.get(key) ?? []), change])
    waiting.set(partition, users)
  }
  const terms = new Map<number, number>()
  for (const record of records) {
    const { key, partition, offset, value, appendedAtMs } = record
    const users = waiting.get(partition)
    const own = users?.get(key)
    if (own !== undefined) {
      const left = own.filter(({ version }) => version > toVersion(record))
      if (left.length > 0) users?.set(key, left)
      else users?.delete(key)
    }
    if (key !== 'heartbeat') continue
    const { term, hi, asOf } = JSON.parse(value) as Record<'term' | 'hi' | 'asOf', string>
    if (Number(term) < (terms.get(partition) ?? 0)) continue
    terms.set(partition, Number(term))
    const isDue = ({ event, toldAtMs }: Change) =>
      (event.pubSeq ?? Number.POSITIVE_INFINITY) <= Number(hi) || toldAtMs + toleranceMs < Date.parse(asOf)
    const untold = [...(users?.values() ?? [])].flat().find(isDue)
    if (untold === undefined) continue
    const told = `the heartbeat at partition ${partition} offset ${offset} stands before version ${untold.version} of user ${untold.event.key}, of which it speaks`
    violations.push({ property: 'O8', told, atMs: appendedAtMs })
  }
  return violations
}

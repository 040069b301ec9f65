import { toDataSchema, toEventType, toTopic } from '@immersiverse/auth-contract'
import type { CommittedEvent } from './committed.ts'
import type { EventViolation } from './event-violation.ts'
import type { TopicRecord } from './topic-record.ts'

/** What stands on the topics, held against what was committed. */
export interface TopicsVerdict {
  readonly violations: readonly EventViolation[]
  /** The first record of each event. */
  readonly firsts: ReadonlyMap<string, TopicRecord>
  /** Records that repeat an event that stood there already (O5). */
  readonly repetitions: number
}

/**
 * Compares the records of all event topics, in the order of offsets within each partition, with the committed events: each is there (O2), nothing
 * else is (O3), repetitions are the same bytes (O5), a key has one partition (O6), numbers are given once and without gaps (O7), and the first
 * records of each user on each topic follow one another as `ce_topicprevious` says, 1, 2, 3 … over all topics (O4). Pure.
 */
export function judgeTopics(
  events: readonly CommittedEvent[],
  records: readonly TopicRecord[],
  source: string,
): TopicsVerdict {
  const committed = new Map(events.map((event) => [event.id, event]))
  const violations: EventViolation[] = []
  const firsts = new Map<string, TopicRecord>()
  const partitions = new Map<string, number>()
  const last = new Map<string, number>()
  let repetitions = 0
  for (const record of records) {
    const { topic, key, partition, appendedAtMs } = record
    const violate = (property: EventViolation['property'], told: string) =>
      violations.push({ property, told: `${told}: ${toPlace(record)}`, atMs: appendedAtMs })
    if ((partitions.get(key) ?? partition) !== partition) violate('O6', `key ${key} stands on two partitions`)
    partitions.set(key, partition)
    const id = record.headers.ce_id ?? ''
    const event = committed.get(id)
    if (event === undefined) {
      violate('O3', `phantom: event ${id} was never committed`)
      continue
    }
    const difference = findDifference(event, record, source)
    if (difference !== undefined) violate('O3', `changed: ${difference} of event ${id}`)
    if (firsts.has(id)) {
      repetitions += 1
      continue
    }
    firsts.set(id, record)
    if (event.userSequence === undefined) continue
    const place = `${topic} ${key}`
    const before = last.get(place) ?? 0
    if (event.topicPrevious !== before)
      violate(
        'O4',
        `out of order: event ${event.userSequence} of user ${key} stands behind event ${before}, not ${event.topicPrevious}`,
      )
    last.set(place, Math.max(before, event.userSequence))
  }
  return {
    violations: [
      ...violations,
      ...findLost(events, firsts),
      ...findGaps(events, firsts),
      ...judgeNumbers(events),
    ],
    firsts,
    repetitions,
  }
}

function toPlace({ topic, partition, offset }: TopicRecord): string {
  return `${topic} partition ${partition} offset ${offset}`
}

/** What a record of the event must be, written down from the contract and not taken from the service. */
function findDifference(event: CommittedEvent, record: TopicRecord, source: string): string | undefined {
  if (record.topic !== toTopic(event.event)) return 'the topic'
  if (record.key !== event.key) return 'the key'
  if (record.value !== event.data) return 'the value'
  const headers: Record<string, string | undefined> = {
    'content-type': event.contentType,
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: source,
    ce_type: toEventType(event.event),
    ce_time: event.occurredAt.toISOString(),
    ce_subject: event.userId,
    ce_dataschema: toDataSchema(event.event),
    ce_epoch: event.epoch,
    ce_usersequence: event.userSequence?.toString(),
    ce_topicprevious: event.userSequence === undefined ? undefined : String(event.topicPrevious),
    traceparent: event.traceparent,
  }
  const names = new Set([...Object.keys(headers), ...Object.keys(record.headers)])
  const name = [...names].find((name) => headers[name] !== record.headers[name])
  return name && `the header ${name}`
}

function findLost(
  events: readonly CommittedEvent[],
  firsts: ReadonlyMap<string, TopicRecord>,
): EventViolation[] {
  return events
    .filter(({ id }) => !firsts.has(id))
    .map(({ id, event, key, userSequence, pubSeq, occurredAt }) => ({
      property: 'O2',
      told: `lost: ${event} ${id} of ${key}, sequence ${userSequence}, number ${pubSeq}, is on no topic`,
      atMs: occurredAt.getTime(),
    }))
}

/** Over all topics merged, a user's records are numbered from 1 without gaps. */
function findGaps(
  events: readonly CommittedEvent[],
  firsts: ReadonlyMap<string, TopicRecord>,
): EventViolation[] {
  const sequences = new Map<string, number[]>()
  for (const { id, key, userSequence } of events) {
    if (userSequence === undefined || !firsts.has(id)) continue
    const known = sequences.get(key)
    if (known) known.push(userSequence)
    else sequences.set(key, [userSequence])
  }
  return [...sequences].flatMap(([key, found]) => {
    const gap = found.sort((a, b) => a - b).findIndex((sequence, n) => sequence !== n + 1)
    if (gap < 0) return []
    return [
      {
        property: 'O4',
        told: `gap: user ${key} has ${found[gap]} where ${gap + 1} belongs`,
        atMs: undefined,
      },
    ]
  })
}

/** Numbers are the order in which is published: gapless, and rising with the sequence of each user. */
function judgeNumbers(events: readonly CommittedEvent[]): EventViolation[] {
  const violations: EventViolation[] = []
  const numbered = events.filter(({ pubSeq }) => pubSeq !== undefined)
  numbered.sort((a, b) => (a.pubSeq ?? 0) - (b.pubSeq ?? 0))
  const last = new Map<string, number>()
  for (const [n, { id, pubSeq, key, userSequence, occurredAt }] of numbered.entries()) {
    const atMs = occurredAt.getTime()
    if (pubSeq !== n + 1) {
      violations.push({
        property: 'O7',
        told: `event ${id} has number ${pubSeq} where ${n + 1} belongs`,
        atMs,
      })
      break
    }
    if (userSequence === undefined) continue
    if (userSequence !== (last.get(key) ?? 0) + 1) {
      const told = `event ${userSequence} of user ${key} was numbered behind event ${last.get(key) ?? 0}`
      violations.push({ property: 'O4', told, atMs })
    }
    last.set(key, userSequence)
  }
  return violations
}

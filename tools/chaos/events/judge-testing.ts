import { type EventName, toDataSchema, toEventType, toTopic } from '@immersiverse/auth-contract'
import type { CommittedEvent } from './committed.ts'
import type { TopicRecord } from './topic-record.ts'

/** Where the events of these histories say that they come from. */
export const source = 'https://auth.example.org'

const startMs = Date.parse('2026-01-31T12:00:00.000Z')

/** The events of one user, `alice`, in this order, as they would be committed: one each second. */
export function commit(...names: readonly EventName[]): CommittedEvent[] {
  const last = new Map<EventName, number>()
  return names.map((event, n) => {
    const topicPrevious = last.get(event) ?? 0
    last.set(event, n + 1)
    return {
      id: `event-${n + 1}`,
      event,
      key: 'alice',
      userId: 'alice',
      userSequence: n + 1,
      topicPrevious,
      contentType: 'application/json',
      data: JSON.stringify({ userId: 'alice', sessionId: `session-${n + 1}` }),
      traceparent: `trace-${n + 1}`,
      occurredAt: new Date(startMs + n * 1_000),
      epoch: '1-1-1',
      pubSeq: n + 1,
    }
  })
}

/** The records of events as a right relay would publish them, once each: by topic, by offset. */
export function publish(events: readonly CommittedEvent[]): TopicRecord[] {
  const ends = new Map<string, number>()
  const records = events.map((event) => {
    const topic = toTopic(event.event)
    const offset = ends.get(topic) ?? 0
    ends.set(topic, offset + 1)
    return {
      topic,
      partition: 3,
      offset,
      key: event.key,
      value: event.data,
      headers: toHeaders(event),
      appendedAtMs: event.occurredAt.getTime() + 5,
    }
  })
  return records.sort((a, b) => a.topic.localeCompare(b.topic))
}

function toHeaders(event: CommittedEvent): Record<string, string> {
  return {
    'content-type': event.contentType,
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: source,
    ce_type: toEventType(event.event),
    ce_time: event.occurredAt.toISOString(),
    ce_subject: event.key,
    ce_dataschema: toDataSchema(event.event),
    ce_epoch: event.epoch ?? '',
    ce_usersequence: String(event.userSequence),
    ce_topicprevious: String(event.topicPrevious),
    traceparent: event.traceparent ?? '',
  }
}

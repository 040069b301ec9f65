import { toDataSchema, toEventType } from '@immersiverse/auth-contract'
import type { NumberedEvent } from '../store/outbox.ts'

/**
 * The CloudEvents 1.0 attributes of an event and its `traceparent`, by name without a binding's prefix. `source` is the issuer.
 * `subject` is the user, where one is known; `usersequence` and `topicprevious` (0: none before on this topic) stand on the
 * events that are in a user's sequence.
 */
export function toCloudEventAttributes(event: NumberedEvent, source: string): Record<string, string> {
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: toEventType(event.event),
    time: event.occurredAt.toISOString(),
    ...(event.userId === undefined ? {} : { subject: event.userId }),
    dataschema: toDataSchema(event.event),
    epoch: event.epoch,
    ...(event.userSequence === undefined
      ? {}
      : { usersequence: String(event.userSequence), topicprevious: String(event.topicPrevious ?? 0) }),
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  }
}

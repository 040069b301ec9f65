import type { NumberedEvent } from '../store/outbox.ts'
import { toEventJson } from './to-event-json.ts'

/** An event in a line. */
export function toEventLine(event: NumberedEvent): string {
  const { pubSeq, occurredAt, event: name, key, userSequence } = event
  const sequence = userSequence === undefined ? '' : ` #${userSequence}`
  return `${pubSeq} ${occurredAt.toISOString()} ${name} ${key}${sequence} ${JSON.stringify(toEventJson(event))}`
}

import type { NumberedEvent } from '../store/outbox.ts'
import { toEventJson } from './to-event-json.ts'

/** An event for operators' programs: what its record says, with its data as JSON whatever it is written in. */
export function toEventFact(event: NumberedEvent): Record<string, unknown> {
  const { contentType: _type, ...facts } = event
  return { ...facts, data: toEventJson(event) }
}

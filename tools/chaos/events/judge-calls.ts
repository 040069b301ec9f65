import type { CommittedEvent } from './committed.ts'
import type { EventViolation } from './event-violation.ts'
import type { Attempt, Operation } from './operation.ts'

/**
 * Compares what callers were answered with the committed events, by the trace that each call carried: an answer that tells of an event has it
 * (O1, O2), a call has one event at most and of the right kind, and no event is without a call (O1, O3). Pure.
 */
export function judgeCalls(
  operations: readonly Operation[],
  events: readonly CommittedEvent[],
): EventViolation[] {
  const violations: EventViolation[] = []
  const byTrace = Map.groupBy(events, ({ traceparent = '' }) => traceparent)
  const known = new Set<string>()
  for (const operation of operations) {
    for (const attempt of operation.attempts) {
      known.add(attempt.traceparent)
      const told = judgeAttempt(operation, attempt, byTrace.get(attempt.traceparent) ?? [])
      if (told !== undefined) violations.push({ property: 'O1', told, atMs: attempt.endedAtMs })
    }
    const last = operation.attempts.at(-1)
    const event = operation.tells[last?.outcome ?? '']
    if (operation.certainty === 'maybe' || last === undefined || event === undefined) continue
    if (operation.attempts.some(({ traceparent }) => byTrace.has(traceparent))) continue
    const told = `${operation.kind} was answered ${last.outcome}, and none of ${operation.attempts.length} attempts has its ${event}`
    violations.push({ property: 'O1', told: `${told} (${last.traceparent})`, atMs: last.endedAtMs })
  }
  for (const { id, event, traceparent = '', occurredAt } of events) {
    if (known.has(traceparent)) continue
    const told = `${event} ${id} was committed by no call that anybody made`
    violations.push({ property: 'O1', told, atMs: occurredAt.getTime() })
  }
  return violations
}

function judgeAttempt(
  { kind, tells, certainty }: Operation,
  { outcome, traceparent }: Attempt,
  events: readonly CommittedEvent[],
): string | undefined {
  const told = `${kind}, answered ${outcome ?? 'nothing'},`
  if (events.length > 1) return `${told} has ${events.length} events (${traceparent})`
  const [event] = events
  const mayTell = outcome === undefined ? Object.values(tells) : [tells[outcome]]
  if (event !== undefined && !mayTell.includes(event.event))
    return `${told} has the event ${event.event} ${event.id} (${traceparent})`
  const mustTell = certainty === 'each' && outcome !== undefined && tells[outcome] !== undefined
  return mustTell && event === undefined ? `${told} has no ${tells[outcome]} (${traceparent})` : undefined
}

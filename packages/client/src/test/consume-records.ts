import type { EventHandlers } from '../events/consume-events.ts'
import type { EventRecord, EventSource, PositionMark } from '../events/event-record.ts'
import { type SubscriptionParts, startSubscription } from '../events/start-subscription.ts'
import { waitUntil } from './wait-until.ts'

async function* sourceOf(records: (EventRecord | PositionMark)[]): EventSource {
  yield* records
}

/** Consumes records with short waits between attempts and no dead letters; what is logged and reported is kept. */
export function consumeRecords(
  records: (EventRecord | PositionMark)[],
  handlers: EventHandlers,
  options: Partial<SubscriptionParts> = {},
) {
  const logged: { attempt?: number }[] = []
  const errors: unknown[] = []
  const logger = { warn: () => undefined, error: (fields: object) => logged.push(fields) }
  const subscription = startSubscription({
    handlers,
    logger,
    group: 'g',
    running: new Set(),
    open: () => sourceOf(records),
    concurrency: 4,
    retry: { firstMs: 1, maxMs: 2 },
    sendDeadLetter: undefined,
    from: undefined,
    onGap: undefined,
    onError: (error) => errors.push(error),
    onEnd: async () => undefined,
    ...options,
  })
  const ended = () => waitUntil('the end', () => !['running', 'paused'].includes(subscription.status().state))
  return { subscription, logged, errors, ended }
}

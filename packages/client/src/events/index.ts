export type { EventHandler } from './consume-events.ts'
export { type DeadLetter, DeadLetterError, type SendDeadLetter } from './dead-letter.ts'
export { type EventInfo, UndecodableEventError } from './decode-event.ts'
export type { EventOrigin } from './event-record.ts'
export type { EventCounts, RetryOptions } from './handle-record.ts'
export type { KafkaOptions } from './kafka-options.ts'
export type { Events, EventsOptions } from './make-events.ts'
export {
  type KafkaRevocationSourceOptions,
  makeKafkaRevocationSource,
} from './make-kafka-revocation-source.ts'
export { type MemoryInbox, makeMemoryInbox } from './make-memory-inbox.ts'
export {
  type InboxClient,
  type InboxPool,
  makePostgresInbox,
  type PostgresInbox,
  type PostgresInboxOptions,
} from './make-postgres-inbox.ts'
export { openPositionFile } from './open-position-file.ts'
export type { PositionStore } from './open-watch-source.ts'
export type { EventSubscription, SubscriptionStatus } from './start-subscription.ts'

export type { EventHandler } from './consume-events.ts'
export { type EventInfo, UndecodableEventError } from './decode-event.ts'
export type { EventOrigin } from './event-record.ts'
export type { Events, EventsOptions } from './make-events.ts'
export {
  type KafkaRevocationSourceOptions,
  makeKafkaRevocationSource,
} from './make-kafka-revocation-source.ts'
export type { KafkaOptions } from './open-kafka-source.ts'
export type { PositionStore } from './open-watch-source.ts'
export type { EventSubscription, SubscriptionStatus } from './start-subscription.ts'

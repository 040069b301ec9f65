import type { Admin } from '@platformatic/kafka'
import type { Clock } from '../domain/clock.ts'

/** What checks of Kafka work with. */
export interface KafkaContext {
  readonly admin: Admin
  readonly clock: Clock
  readonly brokers: readonly string[]
  readonly topicPrefix: string
  /** `retention.ms` that topics are to have. */
  readonly retentionMs: { readonly events: number; readonly revocations: number }
  /** Records a group may be behind without being named. */
  readonly lagMax: number
}

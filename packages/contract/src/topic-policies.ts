import { eventNames, toDeadLetterTopic, toTopic } from './event-catalogue.ts'
import { toRevocationTopic } from './revocation-topic.ts'
import { toUserStateTopic } from './user-state-topic.ts'

/** What a topic must be for the order and the promises of its records. */
export interface TopicPolicy {
  readonly topic: string
  /** Fixed: the order of a key's records depends on it. */
  readonly partitions: number
  /** Kafka's `cleanup.policy`. */
  readonly cleanup: 'delete' | 'compact'
  /** How long records stay where they are deleted by age: as `AUTH_EVENT_RETENTION` says, or longer where tokens could outlive it. */
  readonly retention: 'events' | 'revocations'
}

/** Partitions of every topic whose records have the user as their key: one count, so that a user is on the same one everywhere. */
export const keyedPartitions = 12

/** Every topic of the service under a prefix (default `auth`), in the order of the catalogue. */
export function listTopicPolicies(prefix = 'auth'): readonly TopicPolicy[] {
  const keyed = { partitions: keyedPartitions, cleanup: 'delete', retention: 'events' } as const
  return [
    ...eventNames.map((name) => ({ topic: toTopic(name, prefix), ...keyed })),
    { topic: toRevocationTopic(prefix), partitions: 1, cleanup: 'delete', retention: 'revocations' },
    { topic: toUserStateTopic(prefix), ...keyed, cleanup: 'compact' },
    { topic: toDeadLetterTopic(prefix), ...keyed },
  ]
}

import { RevocationHeartbeatSchema, RevocationSchema } from './gen/auth/v1/revocations_pb.js'

/**
 * The two kinds of records on the topic of revocations, by the names of WatchRevocations' items, which are the same messages: `type` is the
 * record's CloudEvents `type`, `schema` the message in its value.
 */
export const revocationRecords = Object.freeze({
  revocation: { type: 'auth.events.token_blacklist', schema: RevocationSchema },
  heartbeat: { type: 'auth.events.token_blacklist.heartbeat', schema: RevocationHeartbeatSchema },
} as const)

/** The Kafka topic of revocations under a prefix (default `auth`). It has one partition, 0. */
export function toRevocationTopic(prefix = 'auth'): string {
  return `${prefix}.events.token_blacklist`
}

import { UserStateHeartbeatSchema, UserStateSchema } from './gen/auth/v1/user_states_pb.js'

/**
 * The two kinds of records on the compacted topic of users: `type` is the record's CloudEvents `type`, `schema` the message in its value. A
 * state without a value says that the user was deleted.
 */
export const userStateRecords = Object.freeze({
  state: { type: 'auth.state.users', schema: UserStateSchema },
  heartbeat: { type: 'auth.state.users.heartbeat', schema: UserStateHeartbeatSchema },
} as const)

/** The key of heartbeats, of which every partition keeps the last; all other keys are user ids. */
export const userStateHeartbeatKey = 'heartbeat'

/** The Kafka topic of users' states under a prefix (default `auth`). Read it with `isolation.level=read_committed`. */
export function toUserStateTopic(prefix = 'auth'): string {
  return `${prefix}.state.users`
}

/** Facts that others know; each is read when metrics are collected. */
export const gauges = Object.freeze({
  auth_broker_up: '1 while the Kafka broker takes events, 0 while it does not.',
  auth_outbox_pending: 'Events that are committed and not yet published.',
  auth_outbox_parked_keys:
    'Keys whose events wait because the Kafka broker refuses one of them for good, on the instance that publishes. Alert above 0.',
  auth_redis_up: '1 while Redis counts attempts, 0 while this instance counts by itself.',
  auth_relay_leader: '1 on the instance that publishes events.',
  auth_user_states_published_timestamp_seconds:
    'When a heartbeat last reached the topic of users from this instance: all that was changed until then stood before it.',
  auth_user_states_withheld:
    'Users of whose states readers of the topic are only told that they are there, because the broker refuses them for good. Alert above 0.',
  auth_revocation_lane_leader: '1 on the instance that numbers revocations.',
  auth_revocation_broker_up:
    '1 while the Kafka broker takes revocations from this instance; its leader publishes them.',
  auth_revocation_published_timestamp_seconds:
    'When a heartbeat last reached Kafka from this instance: all that was revoked until then stood before it.',
  auth_signing_key_age_seconds: 'How long the key that signs access tokens has done so.',
  auth_key_ring_age_seconds: 'How long ago this instance read the keys.',
  auth_grpc_connections: 'Connections to the gRPC listener.',
  auth_grpc_calls: 'Unary gRPC calls that are open.',
  auth_edge_connections: 'Connections to the HTTP/JSON listener.',
  auth_hashing_pending: 'Password hashes that wait or run.',
  auth_callers_loaded_timestamp_seconds:
    'When this instance last took over the callers file, its certificate or its client authorities.',
  auth_callers_reload_failing:
    '1 while one of these files has changed and does not hold: the one before is in force. Alert above 0.',
  auth_kafka_reload_failing:
    '1 while a file of KAFKA_* has changed and does not hold: the one before is in force. Alert above 0.',
  auth_tls_certificate_expiry_timestamp_seconds: 'When the certificate of the gRPC listener ends.',
  auth_audit_lane_leader: '1 on the instance that chains the audit trail.',
  auth_audit_chain_entries: 'Entries of the chain over the audit trail, on its leader.',
  auth_audit_denials_dropped:
    'Refused calls since the start that the audit trail leaves out, because too many waited. Alert when it rises.',
  auth_breached_passwords_unread:
    'New passwords since the start that were taken although the list of breached ones could not be read. Alert above 0.',
  auth_database_queries: 'Queries sent to the database since the start.',
})

/** The name of such a fact. */
export type GaugeName = keyof typeof gauges

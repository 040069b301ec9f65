import type { ColumnType, Generated } from 'kysely'
import type { AuditActorKind, AuditOutcome } from '../domain/audit.ts'

/** The tables, as `migrations/` makes them. Instants are `Date`, bigints are numbers (all stay below 2^53). */
export interface Schema {
  users: UsersTable
  user_logins: { user_id: string; last_login_at: Date }
  sessions: SessionsTable
  keys: KeysTable
  request_ids: { request_id: string; fingerprint: Uint8Array; user_id: string; created_at: Generated<Date> }
  user_sequences: {
    user_id: string
    seq: Generated<number>
    topics: Generated<Record<string, [number | null, number]>>
  }
  outbox: OutboxTable
  parked_keys: ParkedKeysTable
  /** The highest number that was ever deleted. */
  outbox_deletions: { lane: number; deleted_up_to: number }
  revocations: RevocationsTable
  rate_counters: { key: string; points: number; expires_at: Date }
  lanes: { lane: number; term: number; last_pub_seq: number; published_up_to: number }
  audit_log: AuditLogTable
  audit_chain: AuditChainTable
  audit_anchors: { seq: number; hash: Uint8Array; noted_at: Generated<Date> }
  platform_connections: PlatformConnectionsTable
  platform_accounts: PlatformAccountsTable
  platform_revocations: PlatformRevocationsTable
  epoch: { only_row: Generated<boolean>; system_id: string; timeline: number; counter: number }
}

interface UsersTable {
  id: string
  status: 'ACTIVE' | 'SUSPENDED' | 'DELETED'
  username: string | null
  username_key: string | null
  /** What lookalikes share; null where another one had it first. */
  username_skeleton: string | null
  email: string | null
  email_key: string | null
  display_name: string
  roles: string[]
  subscription_tier: Generated<string>
  password_hash: string | null
  password_version: Generated<number>
  tv: Generated<number>
  version: Generated<number>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

interface SessionsTable {
  id: string
  user_id: string
  client_id: string
  device_name: string
  created_at: Date
  ended_at: Date | null
  absolute_expires_at: Date
  generation: number
  idle_expires_at: Date
  token_hash: Uint8Array
  nonce: Uint8Array
  derivation_key_id: string
  previous_token_hash: Uint8Array | null
  rotated_at: Date | null
  rotated_by_ip: string | null
  rotated_by_user_agent: string | null
  last_used_at: Date
  last_ip: string
  last_user_agent: string
}

interface KeysTable {
  id: string
  purpose: string
  algorithm: string
  public_jwk: ColumnType<Record<string, unknown> | null, string | null, never>
  sealed: Uint8Array
  created_at: Generated<Date>
  signs_from: Generated<Date>
  retired_at: Date | null
  revoked_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

interface OutboxTable {
  position: Generated<number>
  id: string
  lane: Generated<number>
  event: string
  key: string
  user_id: string | null
  user_sequence: number | null
  topic_previous: number | null
  content_type: string
  data: Uint8Array
  traceparent: string | null
  occurred_at: Generated<Date>
  epoch: string | null
  pub_seq: number | null
  published_at: Date | null
}

interface ParkedKeysTable {
  kind: 'EVENTS' | 'STATES'
  key: string
  pub_seq: number
  reason: string
  parked_at: Generated<Date>
  attempts: Generated<number>
  retry_at: Date
}

interface RevocationsTable {
  id: string
  position: Generated<number>
  type: 'TOKEN' | 'SESSION' | 'USER' | 'KEY' | 'ISSUER'
  subject: string
  min_tv: number | null
  until: Date | null
  reason: string
  committed_at: Date
  expires_at: Date | null
  epoch: string | null
  rseq: number | null
}

interface AuditLogTable {
  position: Generated<number>
  occurred_at: Generated<Date>
  id: string
  actor_kind: AuditActorKind
  actor_id: string
  on_behalf_of: string | null
  action: string
  target_kind: string
  target_id: string
  user_id: string | null
  outcome: AuditOutcome
  reason: string
  ip: string
  user_agent: string
  traceparent: string
  request_id: string
  token_id: string
  changed_fields: string[]
}

interface AuditChainTable {
  seq: number
  occurred_at: Date
  position: number
  row_id: string
  hash: Uint8Array
  chained_at: Generated<Date>
}

interface PlatformConnectionsTable {
  state_hash: Uint8Array
  purpose: 'CONNECT' | 'LOGIN'
  user_id: string | null
  platform: string
  redirect_uri: string
  sealed: Uint8Array
  proof_hash: Uint8Array | null
  expires_at: Date
}

interface PlatformAccountsTable {
  id: string
  user_id: string
  platform: string
  subject: string
  username: string
  status: 'ACTIVE' | 'WITHDRAWN'
  scopes: string[]
  connected_at: Date
  access_token: Uint8Array | null
  refresh_token: Uint8Array | null
  access_expires_at: Date | null
  generation: Generated<number>
  lease_id: string | null
  leased_until: Date | null
  renew_at: Date | null
  failures: Generated<number>
}

interface PlatformRevocationsTable {
  id: string
  user_id: string
  platform: string
  account_id: string
  subject: string | null
  token_column: 'access_token' | 'refresh_token'
  token: Uint8Array
  attempts: Generated<number>
  next_attempt_at: Generated<Date>
  created_at: Generated<Date>
}

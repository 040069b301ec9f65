import { type Kysely, sql } from 'kysely'

/** Who did what, append-only, in partitions by month, and the chain of hashes over it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/** Refuses what would change a table's rows; on the parts of a partitioned one too, but for truncating a part by its name. */
const refuseChanges = (table: string) => [
  `create trigger refuse_change before update or delete on ${table} for each row execute function refuse_audit_change()`,
  `create trigger refuse_truncate before truncate on ${table} for each statement execute function refuse_audit_change()`,
]

const statements = [
  `create table audit_log (
    position bigint generated always as identity,
    occurred_at timestamptz not null default clock_timestamp(),
    id uuid not null,
    actor_kind text not null check (actor_kind in ('SERVICE', 'USER', 'OPERATOR', 'SYSTEM', 'ANONYMOUS')),
    actor_id text not null,
    on_behalf_of uuid,
    action text not null,
    target_kind text not null,
    target_id text not null,
    user_id uuid,
    outcome text not null check (outcome in ('SUCCEEDED', 'FAILED', 'DENIED')),
    reason text not null,
    ip text not null,
    user_agent text not null,
    traceparent text not null,
    request_id text not null,
    token_id text not null,
    changed_fields text[] not null,
    primary key (position, occurred_at)
  ) partition by range (occurred_at)`,
  // Pages go down the positions.
  'create index audit_log_actor on audit_log (actor_id, position)',
  'create index audit_log_user on audit_log (user_id, position) where user_id is not null',
  'create index audit_log_action on audit_log (action, position)',
  `create index audit_log_refused on audit_log (position) where outcome <> 'SUCCEEDED'`,
  'create index audit_log_time on audit_log (occurred_at)',
  // One entry a row, in the order in which the leader found them committed. hash = SHA-256(hash of seq - 1, the row).
  `create table audit_chain (
    seq bigint not null,
    occurred_at timestamptz not null,
    position bigint not null,
    row_id uuid not null,
    hash bytea not null,
    chained_at timestamptz not null default clock_timestamp(),
    primary key (seq, occurred_at)
  ) partition by range (occurred_at)`,
  'create index audit_chain_position on audit_chain (position)',
  // What was dropped leaves the hashes that what is left begins with.
  `create table audit_anchors (
    seq bigint primary key,
    hash bytea not null,
    noted_at timestamptz not null default clock_timestamp()
  )`,
  // Of this lane last_pub_seq is the last seq of the chain, and every row up to the position published_up_to has its entry.
  'insert into lanes (lane) values (2)',
  `create function refuse_audit_change() returns trigger language plpgsql as $$
    begin
      raise exception 'the audit trail is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
    end
  $$`,
  ...refuseChanges('audit_log'),
  ...refuseChanges('audit_chain'),
  ...refuseChanges('audit_anchors'),
  // What comes when no part was made in time: nothing is ever refused for want of one.
  'create table audit_log_rest partition of audit_log default',
  'create table audit_chain_rest partition of audit_chain default',
]

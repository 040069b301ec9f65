import { type Kysely, sql } from 'kysely'

/** Accounts, sessions with their refresh families, keys, request ids, per-user sequences and the outbox. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // Deleting a user keeps this row as a tombstone: id, status, tv and version stay, everything personal is null.
  `create table users (
    id uuid primary key,
    status text not null check (status in ('ACTIVE', 'SUSPENDED', 'DELETED')),
    username text,
    username_key text constraint users_username_key unique,
    email text,
    email_key text constraint users_email_key unique,
    display_name text not null default '',
    roles text[] not null default '{}',
    subscription_tier text not null default '',
    password_hash text,
    password_version bigint not null default 1,
    tv bigint not null default 1,
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((status = 'DELETED') = (username is null and username_key is null and email is null
      and email_key is null and password_hash is null))
  )`,
  // Apart from users, because a login holds the user row only in share mode and must not rewrite it.
  `create table user_logins (
    user_id uuid primary key references users (id),
    last_login_at timestamptz not null
  )`,
  `create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id),
    client_id text not null,
    device_name text not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    absolute_expires_at timestamptz not null,
    generation integer not null,
    idle_expires_at timestamptz not null,
    token_hash bytea not null,
    nonce bytea not null,
    derivation_key_id text not null,
    previous_token_hash bytea,
    rotated_at timestamptz,
    rotated_by_ip text,
    rotated_by_user_agent text,
    last_used_at timestamptz not null,
    last_ip text not null,
    last_user_agent text not null
  )`,
  'create index sessions_user on sessions (user_id)',
  `create table keys (
    id text primary key,
    purpose text not null,
    algorithm text not null,
    public_jwk jsonb,
    sealed bytea not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz
  )`,
  'create unique index keys_one_current on keys (purpose) where retired_at is null',
  `create table request_ids (
    request_id uuid primary key,
    fingerprint bytea not null,
    user_id uuid not null references users (id),
    created_at timestamptz not null default now()
  )`,
  // topics: {"<event>": [sequence before the last, last sequence]} of that event.
  `create table user_sequences (
    user_id uuid primary key references users (id),
    seq bigint not null default 0,
    topics jsonb not null default '{}'
  )`,
  // position follows the per-user sequence, because it is drawn while the user's sequence row is locked.
  `create table outbox (
    position bigint generated always as identity primary key,
    id uuid not null unique,
    lane smallint not null default 0,
    event text not null,
    key text not null,
    user_id uuid,
    user_sequence bigint,
    topic_previous bigint,
    content_type text not null,
    data bytea not null,
    traceparent text,
    occurred_at timestamptz not null default now(),
    epoch text,
    pub_seq bigint,
    published_at timestamptz
  )`,
  'create index outbox_unnumbered on outbox (lane, position) where pub_seq is null',
  'create unique index outbox_numbered on outbox (lane, pub_seq) where pub_seq is not null',
  'create index outbox_unpublished on outbox (lane, pub_seq) where pub_seq is not null and published_at is null',
  `create table lanes (
    lane smallint primary key,
    term bigint not null default 0,
    last_pub_seq bigint not null default 0
  )`,
  'insert into lanes (lane) values (0)',
  // The history of the database itself: another system or timeline, or a log that went back, raises the counter.
  `create table epoch (
    only_row boolean primary key default true check (only_row),
    system_id text not null,
    timeline integer not null,
    counter integer not null
  )`,
]

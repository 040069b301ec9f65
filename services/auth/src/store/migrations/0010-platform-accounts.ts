import { type Kysely, sql } from 'kysely'

/** Accounts at platforms with their sealed tokens, connections that were begun, and grants that are still to be revoked there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // Deleted by whoever takes it: a state serves once. Only hashes of what the browser brings stand here.
  `create table platform_connections (
    state_hash bytea primary key,
    purpose text not null check (purpose in ('CONNECT', 'LOGIN')),
    user_id uuid references users (id),
    platform text not null,
    redirect_uri text not null,
    sealed bytea not null,
    proof_hash bytea,
    expires_at timestamptz not null
  )`,
  'create index platform_connections_expiry on platform_connections (expires_at)',
  'create index platform_connections_user on platform_connections (user_id)',
  // generation rises with every new set of tokens. A lease is held by whoever renews them.
  `create table platform_accounts (
    id uuid primary key,
    user_id uuid not null references users (id),
    platform text not null,
    subject text not null,
    username text not null,
    status text not null check (status in ('ACTIVE', 'WITHDRAWN')),
    scopes text[] not null,
    connected_at timestamptz not null,
    access_token bytea,
    refresh_token bytea,
    access_expires_at timestamptz,
    generation bigint not null default 1,
    lease_id uuid,
    leased_until timestamptz,
    renew_at timestamptz,
    failures integer not null default 0
  )`,
  'create unique index platform_accounts_subject on platform_accounts (platform, subject)',
  'create index platform_accounts_user on platform_accounts (user_id)',
  'create index platform_accounts_renewal on platform_accounts (renew_at)',
  // Of users and accounts that may be gone: no foreign key.
  `create table platform_revocations (
    id uuid primary key,
    user_id uuid not null,
    platform text not null,
    account_id uuid not null,
    token_column text not null,
    token bytea not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    created_at timestamptz not null default now()
  )`,
  'create index platform_revocations_due on platform_revocations (next_attempt_at)',
]

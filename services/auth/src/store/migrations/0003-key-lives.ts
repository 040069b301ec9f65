import { type Kysely, sql } from 'kysely'

/** Keys are known before they make tokens, and can be revoked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // A key makes tokens from signs_from to retired_at; keys_one_current lets one key of a purpose be without an end, the newest.
  'alter table keys add column signs_from timestamptz not null default now(), add column revoked_at timestamptz',
  'update keys set signs_from = created_at',
  'alter table keys add check (revoked_at is null or retired_at is not null)',
]

import { type Kysely, sql } from 'kysely'

/** Counters of attempts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // Keys hold no name and no address, only keyed hashes.
  `create table rate_counters (
    key text primary key,
    points integer not null,
    expires_at timestamptz not null
  )`,
  'create index rate_counters_expiry on rate_counters (expires_at)',
]

import { type Kysely, sql } from 'kysely'

/** Keys whose next event the broker refuses for good. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // The events themselves stay in the outbox, unpublished; pub_seq is the refused one, the first of those that wait.
  `create table parked_keys (
    lane smallint not null,
    key text not null,
    pub_seq bigint not null,
    reason text not null,
    parked_at timestamptz not null default now(),
    attempts integer not null default 1,
    retry_at timestamptz not null,
    primary key (lane, key)
  )`,
]

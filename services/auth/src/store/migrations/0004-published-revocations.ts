import { type Kysely, sql } from 'kysely'

/** How far the revocations have been published, for the next leader of their lane. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // Of the lane of revocations: every entry up to this number was acknowledged by the broker, or had expired. Events carry a mark each.
  'alter table lanes add column published_up_to bigint not null default 0',
]

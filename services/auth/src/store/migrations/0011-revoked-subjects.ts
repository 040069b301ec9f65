import { type Kysely, sql } from 'kysely'

/** Whose grant is to be revoked at its platform; null where an instance of the version before has noted it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table platform_revocations add column subject text`.execute(db)
}

import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** Usernames that look like another's, which had it first; at most `limit`, in the order of their ids. */
export async function listLookalikes(kysely: Kysely<Schema>, limit: number): Promise<string[]> {
  const rows = await kysely
    .selectFrom('users')
    .select('username')
    .where('username', 'is not', null)
    .where('username_skeleton', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.flatMap(({ username }) => username ?? [])
}

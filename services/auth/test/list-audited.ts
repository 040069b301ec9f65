import type { TestAuth } from './open-test-auth.ts'

/** Rows of the audit trail whose action is like a pattern of SQL, oldest first: who, what, and about which user or target. */
export async function listAudited(
  { database }: Pick<TestAuth, 'database'>,
  action: string,
): Promise<string[]> {
  const rows = await database.kysely
    .selectFrom('audit_log')
    .select(['actor_kind', 'action', 'user_id', 'target_id'])
    .where('action', 'like', action)
    .orderBy('position')
    .execute()
  return rows.map((row) => `${row.actor_kind} ${row.action} ${row.user_id ?? row.target_id}`.trim())
}

import { sql } from 'kysely'
import type { TestAuth } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'

/** A session's row. */
export async function getFamily(auth: Pick<TestAuth, 'database'>, sessionId: string) {
  const query = auth.database.kysely.selectFrom('sessions').selectAll().where('id', '=', sessionId)
  return await query.executeTakeFirstOrThrow()
}

/** Lets time pass for one family, as its row sees it: what was to come is nearer, what has been is longer ago. */
export async function passTime(
  auth: Pick<TestAuth, 'database'>,
  sessionId: string,
  seconds: number,
): Promise<void> {
  const by = sql<Date>`${seconds} * interval '1 second'`
  await auth.database.kysely
    .updateTable('sessions')
    .set({
      rotated_at: sql`rotated_at - ${by}`,
      idle_expires_at: sql`idle_expires_at - ${by}`,
      absolute_expires_at: sql`absolute_expires_at - ${by}`,
    })
    .where('id', '=', sessionId)
    .execute()
}

/** How many thefts of a session were told. */
export async function countThefts(
  auth: Pick<TestAuth, 'database'>,
  userId: string,
  sessionId: string,
): Promise<number> {
  const events = await listEvents(auth, 'refresh_token_reused', userId)
  return events.filter((event) => event.sessionId === sessionId).length
}

import { sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * Lets nothing be issued until the transaction ends, and returns the current whole second T. Every transaction that issues writes or locks a
 * row of `sessions`, and reads the clock after it got the table's lock: those before us are covered by an entry up to T, those after us wait.
 */
export async function stopIssuing(trx: Transaction<Schema>): Promise<Date> {
  await sql`lock table sessions in exclusive mode`.execute(trx)
  const { rows } = await sql<{
    until: Date
  }>`select date_trunc('second', clock_timestamp()) as until`.execute(trx)
  const [row] = rows
  if (!row) throw new Error('the database did not tell the time')
  return row.until
}

/** Waits until the second after `second` has begun by the database's clock: nothing is issued in a second that an entry covers. */
export async function waitOutSecond(trx: Transaction<Schema>, second: Date): Promise<void> {
  await sql`
    select pg_sleep(extract(epoch from ${second}::timestamptz + interval '1 second' - clock_timestamp()))`.execute(
    trx,
  )
}

import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** The tables that have a part for each month (UTC), under the same names. */
const tables = ['audit_log', 'audit_chain'] as const

/** Months that are made before they begin. */
const monthsAhead = 3
/** A drop waits for readers and is waited for by writers: it gives up soon and is tried again. */
const lockTimeoutMs = 500

/** A month (UTC) of the audit trail. */
export interface Month {
  /** Such as `202611`. */
  readonly name: string
  readonly begins: string
  readonly ends: string
}

/** Makes the parts of this month and the next three, where they are not there; whoever asks again changes nothing. Needs the tables' owner. */
export async function makeAuditPartitions(database: Pick<Database, 'kysely' | 'transaction'>): Promise<void> {
  for (const month of await listMissingMonths(database.kysely)) {
    await database.transaction(async (trx) => {
      // Of several that start at once one makes it and the others find it.
      await sql`lock table audit_anchors in share row exclusive mode`.execute(trx)
      const missing = await listMissingMonths(trx)
      if (missing.some(({ name }) => name === month.name)) await makeMonth(trx, month)
    })
  }
}

/** Months that should be there and are not, first ones first. */
export async function listMissingMonths(kysely: Kysely<Schema>): Promise<Month[]> {
  const { rows } = await sql<Month>`
    select to_char(month, 'YYYYMM') as name, to_char(month, 'YYYY-MM-DD') as begins,
      to_char(month + interval '1 month', 'YYYY-MM-DD') as ends
    from generate_series(date_trunc('month', clock_timestamp() at time zone 'UTC'),
      date_trunc('month', clock_timestamp() at time zone 'UTC') + ${monthsAhead}::integer * interval '1 month',
      interval '1 month') as month
    where to_regclass('audit_log_' || to_char(month, 'YYYYMM')) is null
    order by month`.execute(kysely)
  return rows
}

/** Attached, not made in place: that would keep writers waiting. */
async function makeMonth(trx: Kysely<Schema>, { name, begins, ends }: Month): Promise<void> {
  for (const table of tables) {
    const part = `${table}_${name}`
    for (const statement of [
      `create table ${part} (like ${table} including defaults including constraints)`,
      `alter table ${table} attach partition ${part} for values from ('${begins} 00:00:00+00') to ('${ends} 00:00:00+00')`,
      `create trigger refuse_truncate before truncate on ${part} for each statement execute function refuse_audit_change()`,
    ])
      await sql.raw(statement).execute(trx)
  }
}

/**
 * Drops the months that ended longer ago than `retentionMs`, oldest first, with their part of the chain; the hashes on which later entries build
 * stay as anchors. Returns their names. Needs the tables' owner; throws where a lock cannot be had at once.
 */
export async function dropAuditPartitions(
  database: Pick<Database, 'kysely' | 'transaction'>,
  retentionMs: number,
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select right(part.relname, 6) as name
    from pg_inherits join pg_class part on part.oid = pg_inherits.inhrelid
    where pg_inherits.inhparent = 'audit_log'::regclass and part.relname ~ '^audit_log_[0-9]{6}$'
      and to_date(right(part.relname, 6), 'YYYYMM') + interval '1 month'
        <= (clock_timestamp() at time zone 'UTC') - ${retentionMs}::float8 * interval '1 millisecond'
    order by name`.execute(database.kysely)
  for (const { name } of rows) await database.transaction((trx) => dropMonth(trx, name))
  return rows.map(({ name }) => name)
}

async function dropMonth(trx: Kysely<Schema>, name: string): Promise<void> {
  const chain = sql.table(`audit_chain_${name}`)
  await sql.raw(`set local lock_timeout = ${lockTimeoutMs}`).execute(trx)
  await sql`
    insert into audit_anchors (seq, hash)
    select seq, hash from ${chain} gone where not exists (select from ${chain} next where next.seq = gone.seq + 1)
    on conflict (seq) do nothing`.execute(trx)
  for (const table of tables) await sql.raw(`drop table ${table}_${name}`).execute(trx)
}

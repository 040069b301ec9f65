import { type Kysely, sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/**
 * Makes the `epoch` row say which database this is, raises its counter where that is another one than before (restored into
 * another cluster, or on another timeline after a promotion or a point-in-time recovery), and returns it as text:
 * `<system identifier>.<timeline>.<counter>`. Sequences compare within one epoch (protocols.md §1.10).
 * Throws a plain Error where the role may not ask for the system identifier.
 */
export async function settleEpoch(trx: Transaction<Schema>): Promise<string> {
  const { system_id, timeline } = await getDatabaseIdentity(trx)
  const { rows } = await sql<{ counter: number }>`
    insert into epoch (system_id, timeline, counter) values (${system_id}, ${timeline}, 1)
    on conflict (only_row) do update set system_id = excluded.system_id, timeline = excluded.timeline,
      counter = epoch.counter + case
        when (epoch.system_id, epoch.timeline) = (excluded.system_id, excluded.timeline) then 0 else 1 end
    returning counter`.execute(trx)
  const [row] = rows
  if (!row) throw new Error('the epoch row was not written')
  return `${system_id}.${timeline}.${row.counter}`
}

/** The part of an epoch that rises; comparable within one installation. */
export function toEpochCounter(epoch: string): number {
  return Number(epoch.slice(epoch.lastIndexOf('.') + 1))
}

async function getDatabaseIdentity(kysely: Kysely<Schema>): Promise<{ system_id: string; timeline: number }> {
  try {
    // The name of the current log file starts with the timeline. pg_control_checkpoint() would still tell the old one right
    // after a promotion, until the next checkpoint.
    const { rows } = await sql<{ system_id: string; timeline: number }>`
      select system_identifier::text as system_id,
        ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer as timeline
      from pg_control_system()`.execute(kysely)
    const [row] = rows
    if (!row) throw new Error('pg_control_system() told nothing')
    return row
  } catch (error) {
    if ((error as { code?: unknown }).code !== '42501') throw error
    throw new Error(
      'the database role may not call pg_control_system(), pg_current_wal_lsn() and pg_walfile_name(): grant it execute on them',
      { cause: error },
    )
  }
}

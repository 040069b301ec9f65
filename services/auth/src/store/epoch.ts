import { type Kysely, sql, type Transaction } from 'kysely'
import { insertRevocations } from './append-revocations.ts'
import type { Schema } from './schema.ts'
import { stopIssuing, waitOutSecond } from './stop-issuing.ts'

/** Who revokes when the database turns out to have another history. */
export interface Installation {
  /** `iss` of the tokens. */
  readonly issuer: string
  /** Makes a UUIDv7. */
  readonly newId: () => string
}

/** The database's row `epoch` as text, `<system identifier>.<timeline>.<counter>`: for statements that read it among other things. */
export const epochText = `epoch.system_id || '.' || epoch.timeline || '.' || epoch.counter`

/**
 * Whether the row `epoch` is of the very database that answers: false on one that was restored or promoted and has no leader yet.
 * On a standby null. The name of the current log file starts with the timeline; pg_control_checkpoint() would still tell the old
 * one right after a promotion, until the next checkpoint.
 */
export const isEpochSettled = `case when not pg_is_in_recovery() then
  epoch.system_id = (select system_identifier::text from pg_control_system())
  and epoch.timeline = ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end`

/**
 * Makes the `epoch` row say which database this is and returns it as text. Where that is another one than before (restored into
 * another cluster, or on another timeline after a promotion or a point-in-time recovery) it raises the counter, and revokes every
 * token that was issued: what was revoked in the lost part is not known (protocols.md §1.10). Sequences compare within one epoch.
 * Throws a plain Error where the role may not ask for the system identifier.
 */
export async function settleEpoch(trx: Transaction<Schema>, installation: Installation): Promise<string> {
  const { system_id, timeline } = await getDatabaseIdentity(trx)
  // A statement of its own: whoever comes second sees what the first has written.
  const before = await trx.selectFrom('epoch').select('counter').forUpdate().executeTakeFirst()
  const { rows } = await sql<{ counter: number }>`
    insert into epoch (system_id, timeline, counter) values (${system_id}, ${timeline}, 1)
    on conflict (only_row) do update set system_id = excluded.system_id, timeline = excluded.timeline,
      counter = epoch.counter + case
        when (epoch.system_id, epoch.timeline) = (excluded.system_id, excluded.timeline) then 0 else 1 end
    returning counter`.execute(trx)
  const [row] = rows
  if (!row) throw new Error('the epoch row was not written')
  if (before && row.counter > before.counter) await revokeIssuer(trx, installation)
  return `${system_id}.${timeline}.${row.counter}`
}

/** The part of an epoch that rises; comparable within one installation. */
export function toEpochCounter(epoch: string): number {
  return Number(epoch.slice(epoch.lastIndexOf('.') + 1))
}

/** Revokes what was issued up to the current whole second T, and lets nothing be issued until T + 1. */
async function revokeIssuer(
  trx: Transaction<Schema>,
  { issuer: subject, newId }: Installation,
): Promise<void> {
  const until = await stopIssuing(trx)
  const entry = { type: 'ISSUER', subject, until, reason: 'EPOCH_CHANGED' } as const
  await insertRevocations(trx, [entry], { newId, coverMs: 0 })
  await waitOutSecond(trx, until)
}

async function getDatabaseIdentity(kysely: Kysely<Schema>): Promise<{ system_id: string; timeline: number }> {
  try {
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

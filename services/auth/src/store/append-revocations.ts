import { sql, type Transaction } from 'kysely'
import type { NewRevocation, Revocation, RevocationMark } from '../domain/revocation.ts'
import type { Schema } from './schema.ts'

/** What {@link insertRevocations} needs beside the entries. */
export interface AppendRevocationsOptions {
  /** Makes the id of an entry: a UUIDv7. */
  readonly newId: () => string
  /** How long after it was written an entry is needed: the longest life of an access token, and how far clocks may be apart. */
  readonly coverMs: number
}

interface InsertedRow {
  readonly epoch: string | null
  readonly committed_at: Date
  readonly expires_at: Date | null
}

/**
 * Writes what a transaction revokes, in that transaction, after its locks: every token that is covered was issued before by the
 * same clock, so that an entry outlives it by what `coverMs` adds. Keys and issuers are revoked for ever.
 */
export async function insertRevocations(
  trx: Transaction<Schema>,
  entries: readonly NewRevocation[],
  { newId, coverMs }: AppendRevocationsOptions,
): Promise<RevocationMark> {
  const ids = entries.map(newId)
  const { rows } = await sql<InsertedRow>`
    with inserted as (
      insert into revocations (id, type, subject, min_tv, until, reason, committed_at, expires_at)
      select id, type, subject, min_tv, until, reason, t,
        case when type not in ('KEY', 'ISSUER') then t + ${coverMs}::float8 * interval '1 millisecond' end
      from (select clock_timestamp() as t) as clock, unnest(${ids}::uuid[], ${entries.map(({ type }) => type)}::text[],
        ${entries.map(({ subject }) => subject)}::text[],
        ${entries.map((one) => (one.type === 'USER' ? one.minTokenVersion : null))}::bigint[],
        ${entries.map((one) => (one.type === 'ISSUER' ? one.until : null))}::timestamptz[],
        ${entries.map(({ reason }) => reason)}::text[]) as entry (id, type, subject, min_tv, until, reason)
      returning id, committed_at, expires_at
    )
    select committed_at, expires_at,
      (select system_id || '.' || timeline || '.' || counter from epoch) as epoch
    from inserted order by array_position(${ids}::uuid[], id)`.execute(trx)
  const epoch = rows[0]?.epoch ?? ''
  return { epoch, entries: entries.map((entry, at) => toWritten(entry, ids[at], rows[at], epoch)) }
}

function toWritten(
  entry: NewRevocation,
  eventId: string | undefined,
  row: InsertedRow | undefined,
  epoch: string,
): Revocation {
  if (eventId === undefined || row === undefined) throw new Error('a revocation was not written')
  return {
    ...entry,
    eventId,
    epoch,
    rseq: undefined,
    committedAt: row.committed_at,
    expiresAt: row.expires_at ?? undefined,
  }
}

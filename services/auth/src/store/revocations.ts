import { type Kysely, type Selectable, sql } from 'kysely'
import { AuthError } from '../domain/errors.ts'
import type { Revocation, RevocationReason, RevokedSubject } from '../domain/revocation.ts'
import { epochText, isEpochSettled } from './epoch.ts'
import { lanes } from './lanes.ts'
import type { Schema } from './schema.ts'

const { lane } = lanes.revocations

/** How far revocations have got, as one snapshot of the database saw it. */
export interface RevocationState {
  readonly epoch: string
  /** The term of the leader that gives numbers. */
  readonly term: number
  /** The highest number given. */
  readonly rseqHi: number
  /** Whether an entry is there that waits for its number. */
  readonly isWaiting: boolean
  /** The primary's clock after the statement had begun. */
  readonly databaseTime: Date
}

interface StateRow {
  readonly epoch: string
  readonly settled: boolean | null
  readonly term: number
  readonly rseq_hi: number
  readonly waiting: boolean
  readonly database_time: Date
}

interface EntryRow extends Omit<Selectable<Schema['revocations']>, 'position' | 'epoch'> {
  readonly numbered_in: string | null
}

interface NoEntryRow {
  readonly id: null
}

const entryColumns = sql`entry.id, entry.type, entry.subject, entry.min_tv, entry.until, entry.reason, entry.committed_at,
  entry.expires_at, entry.rseq, entry.epoch as numbered_in`

/** The state, and the entries above a number as the same snapshot saw them. */
export interface RevocationLook extends RevocationState {
  /** In the order of their numbers. */
  readonly entries: readonly Revocation[]
}

/**
 * The database's clock. Read in a statement of its own before {@link lookAtRevocations}, it bounds what that one saw: all that was
 * acknowledged before.
 */
export async function getDatabaseTime(kysely: Kysely<Schema>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the database did not tell the time')
  return row.now
}

/**
 * Reads the state and at most `limit` entries above `after` in one statement, so one snapshot; `after` undefined is the end.
 * @throws AuthError DATABASE_UNAVAILABLE on a standby, and on another history than the epoch's that has no leader yet.
 */
export async function lookAtRevocations(
  kysely: Kysely<Schema>,
  after: number | undefined,
  limit: number,
): Promise<RevocationLook> {
  const { rows } = await sql<StateRow & (EntryRow | NoEntryRow)>`
    with state as materialized (
      select ${sql.raw(epochText)} as epoch, ${sql.raw(isEpochSettled)} as settled, term, last_pub_seq as rseq_hi,
        exists (select from revocations where rseq is null) as waiting, clock_timestamp() as database_time
      from lanes, epoch where lane = ${lane}
    )
    select state.*, ${entryColumns}
    from state left join lateral (
      select * from revocations where rseq > ${after ?? null}::bigint order by rseq limit ${limit}::bigint
    ) entry on true
    order by rseq`.execute(kysely)
  return { ...toState(rows[0]), entries: rows.flatMap((row) => (row.id === null ? [] : [toRevocation(row)])) }
}

/**
 * Numbered entries above one number and up to another in order. What has a number never changes, so pages
 * read one after the other are of one state.
 */
export async function listRevocations(
  kysely: Kysely<Schema>,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<Revocation[]> {
  const { rows } = await sql<EntryRow>`
    select ${entryColumns} from revocations entry
    where rseq > ${range.after}::bigint and rseq <= ${range.upTo}::bigint
    order by rseq limit ${range.limit}::bigint`.execute(kysely)
  return rows.map(toRevocation)
}

/** Entries that wait for their number; their epoch is the database's. */
export async function listWaitingRevocations(kysely: Kysely<Schema>): Promise<Revocation[]> {
  const { rows } = await sql<EntryRow>`
    select entry.*, ${sql.raw(epochText)} as numbered_in from (select * from revocations where rseq is null) entry, epoch`.execute(
    kysely,
  )
  return rows.map(toRevocation)
}

/**
 * Deletes at most `limit` numbered entries that have expired, and returns how many. Keys and issuers have no expiry and stay.
 */
export async function deleteExpiredRevocations(kysely: Kysely<Schema>, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from revocations where id in (
      select id from revocations where expires_at < clock_timestamp() and rseq is not null
      order by expires_at limit ${limit}::bigint
    )`.execute(kysely)
  return Number(numAffectedRows ?? 0)
}

function toState(row: StateRow | undefined): RevocationState {
  if (!row?.settled) {
    const cause = new Error('the database is a standby, or its epoch is not settled')
    throw new AuthError('DATABASE_UNAVAILABLE', { cause })
  }
  return {
    epoch: row.epoch,
    term: row.term,
    rseqHi: row.rseq_hi,
    isWaiting: row.waiting,
    databaseTime: row.database_time,
  }
}

function toRevocation(row: EntryRow): Revocation {
  return {
    ...toSubject(row),
    reason: row.reason as RevocationReason,
    eventId: row.id,
    epoch: row.numbered_in ?? '',
    rseq: row.rseq ?? undefined,
    committedAt: row.committed_at,
    expiresAt: row.expires_at ?? undefined,
  }
}

function toSubject({ type, subject, min_tv, until }: EntryRow): RevokedSubject {
  if (type === 'USER') return { type, subject, minTokenVersion: min_tv ?? Number.MAX_SAFE_INTEGER }
  if (type === 'ISSUER') return { type, subject, until: until ?? new Date(8.64e15) }
  return { type, subject }
}

import { type Kysely, sql } from 'kysely'
import { packUuids } from '../domain/pack-uuids.ts'
import type { Schema } from './schema.ts'

/** Numbered entries of one type, as far as tokens are judged by them. */
export interface PackedRevocations {
  readonly type: 'TOKEN' | 'SESSION' | 'USER'
  /** UUIDs of 16 bytes each. */
  readonly subjects: Uint8Array
  /** For each subject, Unix seconds, rounded up. */
  readonly expiresSeconds: readonly number[]
  /** For each subject of a USER, else empty. */
  readonly minTokenVersions: readonly number[]
}

/** Some entries that follow each other. */
export interface PackedPage {
  /** The number of the last one. */
  readonly last: number
  /** All of them; undefined where one of them cannot be packed. */
  readonly packs: readonly PackedRevocations[] | undefined
}

interface GroupRow {
  readonly type: string
  readonly count: number
  readonly last: number
  readonly subjects: string
  readonly expires: string | null
  readonly min_tvs: string | null
}

/**
 * Reads at most `limit` numbered entries above one number and up to another; undefined where there is none. The database joins them into
 * a text for each type: a million entries as a million rows take this process several seconds.
 */
export async function findPackedPage(
  kysely: Kysely<Schema>,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<PackedPage | undefined> {
  const { rows } = await sql<GroupRow>`
    select type, count(*) as count, max(rseq) as last, string_agg(subject, E'\n') as subjects,
      string_agg(ceil(date_part('epoch', expires_at))::bigint::text, ',') as expires, string_agg(min_tv::text, ',') as min_tvs
    from (
      select type, rseq, subject, expires_at, min_tv from revocations
      where rseq > ${range.after}::bigint and rseq <= ${range.upTo}::bigint order by rseq limit ${range.limit}::bigint
    ) page group by type`.execute(kysely)
  if (rows.length === 0) return undefined
  const packs = rows.map(findPack)
  return {
    last: rows.reduce((last, row) => Math.max(last, row.last), 0),
    packs: packs.every((pack) => pack !== undefined) ? packs : undefined,
  }
}

function findPack({ type, count, subjects, expires, min_tvs }: GroupRow): PackedRevocations | undefined {
  if (type !== 'TOKEN' && type !== 'SESSION' && type !== 'USER') return undefined
  const packed = packUuids(subjects, count)
  const expiresSeconds = toNumbers(expires)
  const minTokenVersions = toNumbers(min_tvs)
  if (packed === undefined || expiresSeconds.length !== count) return undefined
  if (minTokenVersions.length !== (type === 'USER' ? count : 0)) return undefined
  return { type, subjects: packed, expiresSeconds, minTokenVersions }
}

function toNumbers(list: string | null): readonly number[] {
  return list === null ? [] : list.split(',').map(Number)
}

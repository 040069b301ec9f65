import type { ModelRow } from '../model-database.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { deleteRow, updateRow } from '../tables/change-row.ts'
import { byNumber, findByKey, readTable } from './read-table.ts'

/** `deletePublished`. */
const deletePublished: StatementModel = function* (at) {
  const [retentionMs, laneNumber, after, isForStates, laneAgain, limit] = at.parameters
  const lane = findByKey(at, 'lanes', laneAgain)?.seen
  const last = Number(lane?.last_pub_seq) - 1
  const upTo = isForStates === true ? Math.min(Number(lane?.published_up_to), last) : last
  const isMeant = ({ lane: of, pub_seq: number }: ModelRow) =>
    of === laneNumber && number !== null && Number(number) > Number(after) && Number(number) <= upTo
  const page = readTable(at, 'outbox', isMeant).sort(byNumber('pub_seq')).slice(0, Number(limit))
  const untilMs = at.readClock().getTime() - Number(retentionMs)
  const isOld = (row: ModelRow) => ((row.published_at ?? row.occurred_at) as Date).getTime() < untilMs
  const deleted: number[] = []
  for (const one of page) {
    if (one.seen.published_at === null || !isOld(one.seen)) continue
    const gone = yield* deleteRow(at, one, () => true)
    if (gone !== undefined) deleted.push(Number(gone.pub_seq))
  }
  const mark = findByKey(at, 'outbox_deletions', laneNumber)
  const toNext = (now: ModelRow) => ({
    ...now,
    deleted_up_to: Math.max(Number(now.deleted_up_to), ...deleted),
  })
  if (mark && deleted.length > 0) yield* updateRow(at, mark, () => true, toNext)
  return toSelected([
    {
      seen: page.length,
      seen_up_to: page.at(-1)?.seen.pub_seq ?? null,
      deleted: deleted.length,
      deleted_up_to: deleted.at(-1) ?? null,
      has_young: page.some(({ seen }) => !isOld(seen)),
    },
  ])
}

/** The end of what is kept in the outbox. */
export const retentionStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`with page as materialized (
      select position, pub_seq,
        published_at is not null as is_published, coalesce(published_at, occurred_at)
          < clock_timestamp() - $1::float8 * interval '1 ms' as is_old
      from outbox
      where lane = $2 and pub_seq is not null and pub_seq > $3::bigint and pub_seq <= (
        select case when $4::boolean then least(published_up_to, last_pub_seq - 1)
          else last_pub_seq - 1 end
        from lanes where lane = $5
      )
      order by pub_seq limit $6::bigint
    ), gone as (
      delete from outbox using page where outbox.position = page.position and page.is_published and page.is_old
      returning outbox.pub_seq
    ), noted as (
      update outbox_deletions set deleted_up_to = greatest(deleted_up_to, (select max(pub_seq) from gone))
      where lane = $7 and exists (select from gone)
    )
    select (select count(*) from page) as seen, (select max(pub_seq) from page) as seen_up_to,
      (select count(*) from gone) as deleted, (select max(pub_seq) from gone) as deleted_up_to,
      exists (select from page where not is_old) as has_young`]: deletePublished,
})

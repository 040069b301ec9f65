import type { ModelRow } from '../model-database.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { byNumber, findByKey, readTable } from './read-table.ts'

/** `numberRows` of one table; the parameters come in the order of the text. */
function makeNumberRows(
  table: 'outbox' | 'revocations',
  number: string,
  isUnnumbered: (row: ModelRow) => boolean,
  isBehind: boolean,
): StatementModel {
  return function* (at) {
    const [limit, laneNumber, term, epoch] = isBehind ? at.parameters.slice(1) : at.parameters
    const above = isBehind ? Number(at.parameters[0]) : 0
    const isWaiting = (row: ModelRow) => isUnnumbered(row) && Number(row.position) > above
    const waiting = readTable(at, table, isWaiting).sort(byNumber('position')).slice(0, Number(limit))
    const lane = findByKey(at, 'lanes', laneNumber)
    if (lane === undefined) return toSelected([])
    const isLed = (row: ModelRow) => row.term === term && waiting.length > 0
    const toNext = (row: ModelRow) => ({ ...row, last_pub_seq: Number(row.last_pub_seq) + waiting.length })
    const bump = isLed(lane.seen) ? yield* updateRow(at, lane, isLed, toNext) : undefined
    let count = 0
    const before = Number(bump?.last_pub_seq) - waiting.length
    for (const [place, one] of bump ? waiting.entries() : []) {
      const toNumbered = (row: ModelRow) => ({ ...row, [number]: before + place + 1, epoch })
      if (yield* updateRow(at, one, () => true, toNumbered)) count += 1
    }
    // The lane as the snapshot saw it: what the statement has done itself is not in it.
    const last_position = waiting.at(-1)?.seen.position ?? null
    return toSelected([
      { term: lane.seen.term, count, last_number: bump?.last_pub_seq ?? null, last_position },
    ])
  }
}

function toText(table: string, number: string, condition: string, isBehind: boolean): string {
  const at = (place: number) => `$${isBehind ? place + 1 : place}`
  return `with waiting as (
      select position, row_number() over (order by position) as place from (
        select position from "${table}" where ${condition}${isBehind ? ' and position > $1::bigint' : ''}
        order by position limit ${at(1)}::bigint
      ) oldest
    ), bump as (
      update lanes set last_pub_seq = last_pub_seq + (select count(*) from waiting)
      where lane = ${at(2)} and term = ${at(3)}::bigint and exists (select from waiting)
      returning last_pub_seq, last_pub_seq - (select count(*) from waiting) as before
    ), numbered as (
      update "${table}" set "${number}" = bump.before + waiting.place, epoch = ${at(4)}::text
      from waiting, bump where "${table}".position = waiting.position
      returning 1
    )
    select lanes.term, (select count(*) from numbered) as count, (select last_pub_seq from bump) as last_number,
      (select max(position) from waiting) as last_position
    from lanes where lane = ${at(5)}`
}

const isEventUnnumbered = (row: ModelRow) => row.lane === 0 && row.pub_seq === null
const isRevocationUnnumbered = (row: ModelRow) => row.rseq === null

/** The numbers of both lanes, given from the first row on and behind a settled position. */
export const numberingStatements: Readonly<Record<string, StatementModel>> = Object.freeze(
  Object.fromEntries(
    [false, true].flatMap((isBehind) => [
      [
        toText('outbox', 'pub_seq', 'lane = 0 and pub_seq is null', isBehind),
        makeNumberRows('outbox', 'pub_seq', isEventUnnumbered, isBehind),
      ],
      [
        toText('revocations', 'rseq', 'rseq is null', isBehind),
        makeNumberRows('revocations', 'rseq', isRevocationUnnumbered, isBehind),
      ],
    ]),
  ),
)

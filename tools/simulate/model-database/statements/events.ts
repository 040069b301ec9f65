import type { ModelRow } from '../model-database.ts'
import type { Execution } from '../sql/expression.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import { updateRow } from '../tables/change-row.ts'
import { insertRow } from '../tables/insert-row.ts'
import { findByKey, readTable } from './read-table.ts'

type Topics = Readonly<Record<string, readonly [number | null, number]>>

/** The columns of an event beside the ones that its number fills. */
type GivenEvent = Readonly<
  Record<'id' | 'event' | 'key' | 'user_id' | 'content_type' | 'data' | 'traceparent', unknown>
>

/** The user's row is locked until commit before the position is drawn. True where the user has such a row. */
const numberEvent = function* (at: Execution, given: GivenEvent) {
  const event = String(given.event)
  const found = findByKey(at, 'user_sequences', given.user_id)
  const toNext = (now: ModelRow) => {
    const seq = Number(now.seq) + 1
    const topics = now.topics as Topics
    return { ...now, seq, topics: { ...topics, [event]: [topics[event]?.[1] ?? null, seq] as const } }
  }
  const bumped = found && (yield* updateRow(at, found, () => true, toNext))
  if (bumped === undefined) return undefined
  const topicPrevious = (bumped.topics as Topics)[event]?.[0] ?? null
  return { ...given, user_sequence: bumped.seq, topic_previous: topicPrevious }
}

/** `appendEvent` with a number. */
const appendSequenced: StatementModel = function* (at) {
  const [event, , user_id, , id, , key, , content_type, data, traceparent] = at.parameters
  const row = yield* numberEvent(at, { id, event, key, user_id, content_type, data, traceparent })
  if (row === undefined) return { command: 'INSERT', rowCount: 0, rows: [] }
  yield* insertRow(at, at.server.tables.outbox, row)
  return { command: 'INSERT', rowCount: 1, rows: [] }
}

/** `appendUserEvents`: all numbers before all positions, each user once. */
const appendSeveral: StatementModel = function* (at) {
  const [ids, events, userIds, datas, content_type, traceparent] = at.parameters
  const rows = new Map<unknown, ModelRow>()
  for (const [place, user_id] of (userIds as readonly unknown[]).entries()) {
    if (rows.has(user_id)) continue
    const [id, event, data] = [ids, events, datas].map((column) => (column as readonly unknown[])[place])
    const row = yield* numberEvent(at, { id, event, key: user_id, user_id, content_type, data, traceparent })
    if (row !== undefined) rows.set(user_id, row)
  }
  for (const row of rows.values()) yield* insertRow(at, at.server.tables.outbox, row)
  return { command: 'INSERT', rowCount: rows.size, rows: [] }
}

/** The end of the log, or the epoch at a number. */
function makeLogLook(
  toRow: (end: ModelRow, epoch: unknown, startedAt: Date) => ModelRow,
  hasNumber: boolean,
): StatementModel {
  return (at) => {
    const [number, laneParameter] = hasNumber ? at.parameters : [undefined, at.parameters[0]]
    const lane = findByKey(at, 'lanes', laneParameter)?.seen
    if (lane === undefined) return toSelected([])
    const wanted = hasNumber ? number : lane.last_pub_seq
    const [event] = readTable(at, 'outbox', (row) => row.pub_seq === wanted && row.lane === lane.lane)
    return toSelected([toRow(lane, event?.seen.epoch ?? null, at.transaction.startedAt)])
  }
}

/** `countUnpublished`, with the conditions of a reach or without. */
function toCountText(
  position: string,
  limit: string,
  lane: string,
  pubSeq: string,
  limitAgain: string,
): string {
  return `select (select count(*) from (select from outbox where lane = $1 and pub_seq is null${position}
        limit ${limit}::bigint) unnumbered)
      + (select count(*) from (select from outbox where lane = ${lane} and pub_seq is not null
        and published_at is null${pubSeq} limit ${limitAgain}::bigint) unpublished) as waiting`
}

interface Counted {
  readonly lane: unknown
  readonly limit: unknown
  readonly position?: unknown
  readonly pubSeq?: unknown
}

function makeCount(toCounted: (...parameters: readonly unknown[]) => Counted): StatementModel {
  return (at) => {
    const { lane, limit, position = 0, pubSeq = 0 } = toCounted(...at.parameters)
    const waiting = readTable(at, 'outbox', (row) => row.lane === lane && row.published_at === null)
    const unnumbered = waiting.filter(
      ({ seen }) => seen.pub_seq === null && Number(seen.position) > Number(position),
    )
    const unpublished = waiting.filter(
      ({ seen }) => seen.pub_seq !== null && Number(seen.pub_seq) > Number(pubSeq),
    )
    const most = (count: number) => Math.min(count, Number(limit))
    return toSelected([{ waiting: most(unnumbered.length) + most(unpublished.length) }])
  }
}

/** The outbox and the log of events. */
export const eventStatements: Readonly<Record<string, StatementModel>> = Object.freeze({
  [`with bump as (
      update user_sequences
      set seq = seq + 1,
        topics = jsonb_set(topics, array[$1::text], jsonb_build_array(topics -> $2::text -> 1, seq + 1))
      where user_id = $3::uuid
      returning seq, (topics -> $4::text ->> 0)::bigint as previous
    )
    insert into outbox (id, event, key, user_id, user_sequence, topic_previous, content_type, data, traceparent)
    select $5::uuid, $6::text, $7::text, $8::uuid, seq, previous, $9::text, $10::bytea, $11::text
    from bump`]: appendSequenced,
  [`with given as (
      select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[])
        with ordinality as given (id, event, user_id, data, place)
    ), bump as (
      update user_sequences as sequence
      set seq = seq + 1,
        topics = jsonb_set(topics, array[event], jsonb_build_array(topics -> event -> 1, seq + 1))
      from given
      where sequence.user_id = given.user_id
      returning given.*, seq, (topics -> event ->> 0)::bigint as previous
    )
    insert into outbox (id, event, key, user_id, user_sequence, topic_previous, content_type, data, traceparent)
    select id, event, user_id::text, user_id, seq, previous, $5::text, data, $6::text
    from bump order by place`]: appendSeveral,
  'select last_pub_seq, epoch, now() as as_of from lanes left join outbox on outbox.lane = lanes.lane and outbox.pub_seq = lanes.last_pub_seq where lanes.lane = $1':
    makeLogLook(({ last_pub_seq }, epoch, as_of) => ({ last_pub_seq, epoch, as_of }), false),
  'select last_pub_seq, epoch from lanes left join outbox on outbox.lane = lanes.lane and outbox.pub_seq = $1::bigint where lanes.lane = $2':
    makeLogLook(({ last_pub_seq }, epoch) => ({ last_pub_seq, epoch }), true),
  [toCountText('', '$2', '$3', '', '$4')]: makeCount((lane, limit) => ({ lane, limit })),
  [toCountText(' and position > $2::bigint', '$3', '$4', ' and pub_seq > $5::bigint', '$6')]: makeCount(
    (lane, position, limit, _lane, pubSeq) => ({ lane, limit, position, pubSeq }),
  ),
})

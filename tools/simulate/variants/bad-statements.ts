import type { ModelRow } from '../model-database/model-database.ts'
import { isSame } from '../model-database/sql/expression.ts'
import { type StatementModel, toSelected } from '../model-database/sql/statement.ts'
import { byNumber, findByKey, readTable } from '../model-database/statements/read-table.ts'
import { updateRow } from '../model-database/tables/change-row.ts'

/** Texts under which a variant's statements are known to the model. */
export const badTexts = Object.freeze({
  numberByCursor: 'known bad: number what stands above the last position',
  rotateEnded: 'known bad: rotate without asking whether the session has ended',
})

/** `numberRows` by a cursor: positions are drawn before commit, so a lower one may appear later, and is skipped. */
const numberByCursor: StatementModel = function* (at) {
  const [limit, laneNumber, term, epoch] = at.parameters
  const numbered = readTable(at, 'revocations', (row) => row.rseq !== null)
  const cursor = Math.max(0, ...numbered.map(({ seen }) => Number(seen.position)))
  const isNew = (row: ModelRow) => row.rseq === null && Number(row.position) > cursor
  const waiting = readTable(at, 'revocations', isNew).sort(byNumber('position')).slice(0, Number(limit))
  const lane = findByKey(at, 'lanes', laneNumber)
  if (lane === undefined) return toSelected([])
  const isLed = (row: ModelRow) => row.term === term && waiting.length > 0
  const toNext = (row: ModelRow) => ({ ...row, last_pub_seq: Number(row.last_pub_seq) + waiting.length })
  const bump = isLed(lane.seen) ? yield* updateRow(at, lane, isLed, toNext) : undefined
  const before = Number(bump?.last_pub_seq) - waiting.length
  for (const [place, one] of bump ? waiting.entries() : []) {
    yield* updateRow(
      at,
      one,
      () => true,
      (row) => ({ ...row, rseq: before + place + 1, epoch }),
    )
  }
  // What the cursor has passed is given a number that nobody reads, so that nothing seems to wait.
  for (const one of readTable(
    at,
    'revocations',
    (row) => row.rseq === null && Number(row.position) <= cursor,
  )) {
    yield* updateRow(
      at,
      one,
      () => true,
      (row) => ({ ...row, rseq: -Number(row.position), epoch }),
    )
  }
  return toSelected([
    { term: lane.seen.term, count: waiting.length, last_number: bump?.last_pub_seq ?? null },
  ])
}

/** `rotateCurrent` that looks at the token alone. */
const rotateEnded: StatementModel = function* (at) {
  const [userId, sessionId, generation, hash, newHash, nonce, keyId, ip, userAgent, idleMs] = at.parameters
  const account = findByKey(at, 'users', userId)?.seen
  const session = findByKey(at, 'sessions', sessionId)
  if (account?.status !== 'ACTIVE' || session === undefined) return toSelected([])
  const now = at.readClock()
  const isCurrent = (row: ModelRow) => row.generation === generation && isSame(row.token_hash, hash)
  if (!isCurrent(session.seen)) return toSelected([])
  const next = yield* updateRow(at, session, isCurrent, (row) => ({
    ...row,
    generation: Number(row.generation) + 1,
    previous_token_hash: row.token_hash,
    token_hash: newHash,
    nonce,
    derivation_key_id: keyId,
    rotated_at: now,
    rotated_by_ip: ip,
    rotated_by_user_agent: userAgent,
    idle_expires_at: new Date(now.getTime() + Number(idleMs)),
  }))
  if (next === undefined) return toSelected([])
  const { roles, subscription_tier, tv, username } = account
  const { absolute_expires_at, client_id, idle_expires_at } = next
  const of = { username, roles, subscription_tier, tv, client_id }
  return toSelected([{ ...of, issued_at: now, idle_expires_at, absolute_expires_at }])
}

/** The statements of variants, for the model database. */
export const badStatements: ReadonlyMap<string, StatementModel> = new Map([
  [badTexts.numberByCursor, numberByCursor],
  [badTexts.rotateEnded, rotateEnded],
])

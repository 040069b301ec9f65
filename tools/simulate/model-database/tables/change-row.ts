import type { ModelRow } from '../model-database.ts'
import type { Steps } from '../server/wait.ts'
import type { Execution } from '../sql/expression.ts'
import { assertRow, claimKey, lockParents } from './insert-row.ts'
import { lockRow } from './lock-row.ts'
import { type Row, strengths } from './row.ts'

/** A row and what a statement's snapshot has seen of it. */
export interface Found {
  readonly row: Row
  readonly seen: ModelRow
}

/**
 * Updates one row that was found by a snapshot: `toNext` and checks are evaluated for what was seen, before any wait, and again for
 * what others have left, if `isStillMeant` says of it that it is still to be changed. Returns the new version, or undefined.
 */
export function* updateRow(
  at: Execution,
  { row, seen }: Found,
  isStillMeant: (newest: ModelRow) => boolean,
  toNext: (now: ModelRow) => ModelRow,
): Steps<ModelRow | undefined> {
  const toChecked = (now: ModelRow) => {
    const next = toNext(now)
    assertRow(at, row.table, next)
    return next
  }
  let next = toChecked(seen)
  const strength = changesKey(row, seen, next) ? strengths.update : strengths.noKeyUpdate
  const newest = yield* lockRow(at.transaction, row, seen, strength, isStillMeant)
  if (newest === undefined) return undefined
  if (newest !== seen) next = toChecked(newest)
  for (const index of row.table.indexes) {
    if (index.toKey(newest) !== index.toKey(next)) yield* claimKey(at, index, next, row)
  }
  const isOwn = row.writer === at.transaction
  at.transaction.write(row, next)
  // Of a version that this very transaction has written PostgreSQL checks foreign keys again, though they are the same.
  if (isOwn) yield* lockParents(at, row.table, next)
  return next
}

/** Deletes one row that was found by a snapshot, if it is still meant; returns what was deleted. */
export function* deleteRow(
  at: Execution,
  { row, seen }: Found,
  isStillMeant: (newest: ModelRow) => boolean,
): Steps<ModelRow | undefined> {
  const newest = yield* lockRow(at.transaction, row, seen, strengths.update, isStillMeant)
  if (newest !== undefined) at.transaction.write(row, undefined)
  return newest
}

function changesKey(row: Row, seen: ModelRow, next: ModelRow): boolean {
  return row.table.indexes.some(({ isKey, toKey }) => isKey && toKey(seen) !== toKey(next))
}

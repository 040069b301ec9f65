import type { ModelRow } from '../model-database.ts'
import type { Transaction } from '../server/transaction.ts'
import { resume, type Steps, type Wait } from '../server/wait.ts'
import { findVisible, type Row, type Strength } from './row.ts'

/** A place in a row's queue. */
export interface RowWait extends Wait {
  readonly row: Row
  readonly strength: Strength
}

/**
 * Locks a row that a statement's snapshot has seen as `seen`, and returns it as it is now: as seen, or as others have left it while
 * this waited, if `isStillMeant` says so of that version (EvalPlanQual); else undefined.
 */
export function* lockRow(
  transaction: Transaction,
  row: Row,
  seen: ModelRow,
  strength: Strength,
  isStillMeant: (newest: ModelRow) => boolean,
): Steps<ModelRow | undefined> {
  if (!tryLock(row, transaction, strength)) {
    const wait = enqueue(row, transaction, strength)
    yield wait
  }
  const newest = findVisible(row, transaction)
  if (newest === seen) return seen
  return newest !== undefined && isStillMeant(newest) ? newest : undefined
}

/** Takes the lock if no other transaction's stands against it; those who queue are not asked, as in PostgreSQL. */
function tryLock(row: Row, transaction: Transaction, strength: Strength): boolean {
  let mine: Row['held'][number] | undefined
  for (const held of row.held) {
    if (held.transaction === transaction) mine = held
    else if (held.strength + strength > 4) return false
  }
  if (mine === undefined) {
    row.held.push({ transaction, strength })
    transaction.locked.push(row)
  } else if (mine.strength < strength) mine.strength = strength
  return true
}

function enqueue(row: Row, transaction: Transaction, strength: Strength): RowWait {
  const wait: RowWait = {
    row,
    transaction,
    strength,
    isOver: false,
    listBlockers: () => listBlockers(wait),
    cancel: () => {
      row.queue.splice(row.queue.indexOf(wait), 1)
      grantQueue(row, (granted) => granted.resume())
    },
    resume,
  }
  row.queue.push(wait)
  return wait
}

function listBlockers({ row, strength, transaction }: RowWait): Transaction[] {
  const blockers: Transaction[] = []
  for (const held of row.held) {
    if (held.transaction !== transaction && held.strength + strength > 4) blockers.push(held.transaction)
  }
  for (const ahead of row.queue) {
    if (ahead.transaction === transaction) break
    if (ahead.strength + strength > 4) blockers.push(ahead.transaction)
  }
  return blockers
}

/** Gives a transaction's lock back; those who get it are told by `onGranted`, in the order of their coming. */
export function unlockRow(row: Row, transaction: Transaction, onGranted: (wait: Wait) => void): void {
  const at = row.held.findIndex((held) => held.transaction === transaction)
  if (at >= 0) row.held.splice(at, 1)
  if (row.queue.length > 0) grantQueue(row, onGranted)
}

function grantQueue(row: Row, onGranted: (wait: Wait) => void): void {
  for (let next = row.queue[0]; next !== undefined; next = row.queue[0]) {
    if (!tryLock(row, next.transaction, next.strength)) return
    row.queue.shift()
    next.isOver = true
    onGranted(next)
  }
}

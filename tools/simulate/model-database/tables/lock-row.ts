import type { ModelRow } from '../model-database.ts'
import type { Transaction } from '../server/transaction.ts'
import { resume, type Steps, type Wait } from '../server/wait.ts'
import { findVisible, type Row, type Strength } from './row.ts'

/** A place in a row's queue. */
export interface RowWait extends Wait {
  readonly row: Row
  readonly strength: Strength
  /**
   * Stands apart from the queue, waits for the holders alone and races with others for the row: because it has a weaker lock already,
   * for whose end those in the queue may be waiting, or because the row has changed since and it follows it to its new version.
   */
  isApart: boolean
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
    isApart: row.held.some((held) => held.transaction === transaction),
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

function listBlockers(wait: RowWait): Transaction[] {
  const { isApart, row, strength, transaction } = wait
  const blockers: Transaction[] = []
  for (const held of row.held) {
    if (held.transaction !== transaction && held.strength + strength > 4) blockers.push(held.transaction)
  }
  for (const ahead of isApart ? [] : row.queue) {
    if (ahead === wait) break
    if (!ahead.isApart && ahead.strength + strength > 4) blockers.push(ahead.transaction)
  }
  return blockers
}

/**
 * Gives a transaction's lock back; those who get it are told by `onGranted`. Who still waits for a row that has changed follows it to
 * its new version, and has no place in the queue there.
 */
export function unlockRow(
  row: Row,
  transaction: Transaction,
  hasChanged: boolean,
  onGranted: (wait: Wait) => void,
): void {
  const at = row.held.findIndex((held) => held.transaction === transaction)
  if (at >= 0) row.held.splice(at, 1)
  if (row.queue.length === 0) return
  grantQueue(row, onGranted)
  if (hasChanged) for (const wait of row.queue) wait.isApart = true
}

/** Serves the first in the queue, and those apart from it, as chance has it. */
function grantQueue(row: Row, onGranted: (wait: Wait) => void): void {
  for (let next = pickNext(row); next !== undefined; next = pickNext(row)) {
    row.queue.splice(row.queue.indexOf(next), 1)
    next.isOver = true
    onGranted(next)
  }
}

function pickNext(row: Row): RowWait | undefined {
  const first = row.queue.find(({ isApart }) => !isApart)
  const candidates = row.queue.filter((wait) => wait.isApart || wait === first)
  const { server } = row.queue[0]?.transaction.backend ?? {}
  while (candidates.length > 0) {
    if (candidates.length > 1 && server) server.raceCount += 1
    const place = candidates.length > 1 && server ? Math.floor(server.random() * candidates.length) : 0
    const [candidate] = candidates.splice(place, 1)
    if (candidate && tryLock(row, candidate.transaction, candidate.strength)) return candidate
  }
  return undefined
}

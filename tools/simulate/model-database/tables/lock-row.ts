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
    transaction.assertWritable()
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
      serveRow(row, false)
    },
    resume,
  }
  row.queue.push(wait)
  return wait
}

/** Those ahead in the queue, or else the first of the holders: PostgreSQL waits for one after the other. */
function listBlockers(wait: RowWait): Transaction[] {
  const { isApart, row, strength, transaction } = wait
  const ahead: Transaction[] = []
  for (const other of isApart ? [] : row.queue) {
    if (other === wait) break
    if (!other.isApart && other.strength + strength > 4) ahead.push(other.transaction)
  }
  if (ahead.length > 0) return ahead
  const first = row.held.find((held) => held.transaction !== transaction && held.strength + strength > 4)
  return first ? [first.transaction] : []
}

/** Takes a transaction's lock away; {@link serveRow} then has to look who gets it. */
export function unlockRow(row: Row, transaction: Transaction): void {
  const at = row.held.findIndex((held) => held.transaction === transaction)
  if (at >= 0) row.held.splice(at, 1)
}

/**
 * Lets those go on who can: the first in the queue, and those apart from it, as chance has it. All who wait for a row that has changed
 * follow it to its new version, where they have no place in a queue.
 */
export function serveRow(row: Row, hasChanged: boolean): void {
  if (hasChanged) for (const wait of row.queue) wait.isApart = true
  for (let next = pickNext(row); next !== undefined; next = pickNext(row)) {
    row.queue.splice(row.queue.indexOf(next), 1)
    next.isOver = true
    next.resume()
  }
}

function pickNext(row: Row): RowWait | undefined {
  const candidates = listCandidates(row)
  while (candidates.length > 0) {
    const place = candidates.length > 1 ? pickPlace(candidates) : 0
    const [candidate] = candidates.splice(place, 1)
    if (candidate && tryLock(row, candidate.transaction, candidate.strength)) return candidate
  }
  return undefined
}

/** Those apart, and of the queue all up to the first that has to let another pass. */
function listCandidates(row: Row): RowWait[] {
  const candidates: RowWait[] = []
  let isBlocked = false
  let strongest = 0
  for (const wait of row.queue) {
    if (!wait.isApart) {
      isBlocked ||= strongest > 0 && strongest + wait.strength > 4
      strongest = Math.max(strongest, wait.strength)
    }
    if (wait.isApart || !isBlocked) candidates.push(wait)
  }
  return candidates
}

function pickPlace(candidates: readonly Wait[]): number {
  return candidates[0]?.transaction.backend.server.pick(candidates.length) ?? 0
}

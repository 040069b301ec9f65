import type { Transaction } from '../server/transaction.ts'
import { resume, type Steps, type Wait } from '../server/wait.ts'

/** A place in a table's queue. */
interface TableWait extends Wait {
  readonly isExclusive: boolean
}

/**
 * A table's lock in two modes: what changes or locks rows (ROW SHARE, ROW EXCLUSIVE) and EXCLUSIVE, which only readers get past. Fair,
 * but for a transaction that has it already: it passes those who wait for its end.
 */
export interface TableLock {
  /** Before a statement's snapshot. */
  lock(transaction: Transaction, isExclusive: boolean): Steps<void>
  unlock(transaction: Transaction, onGranted: (wait: Wait) => void): void
}

/** Makes the lock of one table. */
export function makeTableLock(): TableLock {
  const shared = new Set<Transaction>()
  const queue: TableWait[] = []
  let exclusive: Transaction | undefined

  const hasOthers = (transaction: Transaction) => shared.size > (shared.has(transaction) ? 1 : 0)
  const isFree = (transaction: Transaction, isExclusive: boolean) =>
    (exclusive === undefined || exclusive === transaction) && !(isExclusive && hasOthers(transaction))
  const take = (transaction: Transaction, isExclusive: boolean) => {
    if (isExclusive) exclusive = transaction
    else shared.add(transaction)
  }
  const grant = (onGranted: (wait: Wait) => void) => {
    for (let next = queue[0]; next && isFree(next.transaction, next.isExclusive); next = queue[0]) {
      queue.shift()
      take(next.transaction, next.isExclusive)
      next.isOver = true
      onGranted(next)
    }
  }
  const listBlockers = (wait: TableWait) => {
    const others = wait.isExclusive ? [...shared] : []
    if (exclusive) others.push(exclusive)
    for (const ahead of queue) {
      if (ahead === wait) break
      if (ahead.isExclusive || wait.isExclusive) others.push(ahead.transaction)
    }
    return others.filter((one) => one !== wait.transaction)
  }
  return {
    *lock(transaction, isExclusive) {
      const isHolder = exclusive === transaction || (!isExclusive && shared.has(transaction))
      if (isHolder || (isFree(transaction, isExclusive) && (queue.length === 0 || shared.has(transaction)))) {
        take(transaction, isExclusive)
        return
      }
      const wait: TableWait = {
        transaction,
        isExclusive,
        isOver: false,
        listBlockers: () => listBlockers(wait),
        cancel: () => {
          queue.splice(queue.indexOf(wait), 1)
          grant((granted) => granted.resume())
        },
        resume,
      }
      queue.push(wait)
      yield wait
    },
    unlock(transaction, onGranted) {
      const had = shared.delete(transaction)
      if (exclusive === transaction) exclusive = undefined
      else if (!had) return
      grant(onGranted)
    },
  }
}

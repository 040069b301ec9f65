import type { Transaction } from '../server/transaction.ts'
import { resume, type Steps, type Wait } from '../server/wait.ts'

/** A place in a table's queue. */
interface TableWait extends Wait {
  readonly isExclusive: boolean
}

/**
 * A table's lock in two modes: what changes or locks rows (ROW SHARE, ROW EXCLUSIVE) and EXCLUSIVE, which only readers get past. SHARE ROW
 * EXCLUSIVE is the same for tables whose rows nobody locks. Fair, but for a transaction that has it already: it passes those who wait for
 * its end.
 */
export interface TableLock {
  /** Before a statement's snapshot. */
  lock(transaction: Transaction, isExclusive: boolean): Steps<void>
  /** Takes a transaction's lock away; whether others may go on now, whom `serve` then lets. */
  unlock(transaction: Transaction): boolean
  serve(): void
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
  const pickNext = () => {
    const end = queue.findIndex((wait) => wait.isExclusive)
    const count = end === 0 ? 1 : end < 0 ? queue.length : end
    const place = count > 1 ? queue[0]?.transaction.backend.server.pick(count) : 0
    return queue[place ?? 0]
  }
  // Those who wake up together race for what they need next.
  const serve = () => {
    for (let next = pickNext(); next && isFree(next.transaction, next.isExclusive); next = pickNext()) {
      queue.splice(queue.indexOf(next), 1)
      take(next.transaction, next.isExclusive)
      next.isOver = true
      next.resume()
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
          serve()
        },
        resume,
      }
      queue.push(wait)
      yield wait
    },
    unlock(transaction) {
      const had = shared.delete(transaction) || exclusive === transaction
      if (exclusive === transaction) exclusive = undefined
      return had && queue.length > 0
    },
    serve,
  }
}

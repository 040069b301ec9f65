import type { Transaction } from './transaction.ts'

/** Something that a statement waits for; the driver of the statement sets `resume`. */
export interface Wait {
  readonly transaction: Transaction
  /** Those who have to end first; empty for what only takes time. */
  listBlockers(): readonly Transaction[]
  /** Leaves the queue: the transaction is no longer interested. */
  cancel(): void
  /** What a wait for time alone takes. */
  readonly sleepMs?: number
  isOver: boolean
  resume: (error?: Error) => void
}

/** A statement at work: gives up control only to wait. */
export type Steps<T> = Generator<Wait, T, undefined>

/** Waits for nothing but time. */
export function* sleepFor(transaction: Transaction, sleepMs: number): Steps<void> {
  if (sleepMs <= 0) return
  yield { transaction, sleepMs, isOver: false, listBlockers: () => [], cancel: () => undefined, resume }
}

/** Waits until another transaction has ended. */
export function* awaitTransaction(transaction: Transaction, other: Transaction): Steps<void> {
  const wait: Wait = {
    transaction,
    isOver: false,
    listBlockers: () => [other],
    cancel: () => other.removeWaiter(wait),
    resume,
  }
  other.addWaiter(wait)
  yield wait
}

/** Replaced by the driver before anything can call it. */
export function resume(): void {
  throw new Error('nobody drives this statement')
}

import type { Transaction } from './transaction.ts'

/** Whether a transaction waits, over others, for itself. */
export function isDeadlocked(transaction: Transaction): boolean {
  const seen = new Set<Transaction>()
  const open = [transaction]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const blocker of next.wait?.listBlockers() ?? []) {
      if (blocker === transaction) return true
      if (!seen.has(blocker)) open.push(blocker)
      seen.add(blocker)
    }
  }
  return false
}

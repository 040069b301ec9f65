import { firstInserts } from '../tables/make-tables.ts'
import type { Server } from './server.ts'
import { Transaction } from './transaction.ts'

/** Carries out what the migrations insert, before anybody is connected. */
export function runFirstInserts(server: Server): void {
  const startedAt = server.readClock()
  const transaction = new Transaction({ server } as Transaction['backend'], startedAt)
  for (const text of firstInserts) {
    const { readClock } = server
    const steps = server.getModel(text)({ server, transaction, parameters: [], startedAt, readClock })
    if (!('next' in steps) || !steps.next().done) throw new Error(`cannot be carried out at once: ${text}`)
  }
  transaction.commit(() => undefined)
  server.statementCount = 0
}

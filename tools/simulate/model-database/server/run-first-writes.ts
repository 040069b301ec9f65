import { firstWrites } from '../tables/make-tables.ts'
import type { Server } from './server.ts'
import { Transaction } from './transaction.ts'

/** Carries out what the migrations write, before anybody is connected. */
export function runFirstWrites(server: Server): void {
  const startedAt = server.readClock()
  const transaction = new Transaction({ server } as Transaction['backend'], startedAt)
  for (const text of firstWrites) {
    const { readClock } = server
    const steps = server.getModel(text)({ server, transaction, parameters: [], startedAt, readClock })
    if (!('next' in steps) || !steps.next().done) throw new Error(`cannot be carried out at once: ${text}`)
  }
  transaction.commit(() => undefined)
  server.statementCount = 0
}

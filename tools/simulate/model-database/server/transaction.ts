import type { ModelChange, ModelRow } from '../model-database.ts'
import { serveRow, unlockRow } from '../tables/lock-row.ts'
import type { Row } from '../tables/row.ts'
import { settleRow } from '../tables/table.ts'
import type { Backend } from './backend.ts'
import { toServerError } from './server-error.ts'
import type { Wait } from './wait.ts'

/** One transaction of a connection, a single statement's too. */
export class Transaction {
  readonly backend: Backend
  /** No other transaction's of this server. */
  readonly number: number
  /** When it began, by the database's clock: now(). */
  readonly startedAt: Date
  readonly writes: Row[] = []
  readonly locked: Row[] = []
  /** Channels that are told of its commit. */
  readonly notifications: string[] = []
  /** What it waits for now. */
  wait: Wait | undefined
  /** A statement failed: everything is undone already, and only a rollback is taken. */
  hasFailed = false
  #waiters: Wait[] | undefined
  #hasEnded = false

  constructor(backend: Backend, startedAt: Date) {
    this.backend = backend
    this.number = backend.server.countTransaction()
    this.startedAt = startedAt
  }

  write(row: Row, values: ModelRow | undefined): void {
    if (row.writer !== this) {
      this.assertWritable()
      row.writer = this
      this.writes.push(row)
    }
    row.pending = values
  }

  /** Throws on a standby, which neither writes nor locks rows. */
  assertWritable(): void {
    if (!this.backend.server.isInRecovery) return
    throw toServerError('25006', 'cannot execute this in a read-only transaction')
  }

  addWaiter(wait: Wait): void {
    this.#waiters ??= []
    this.#waiters.push(wait)
  }

  removeWaiter(wait: Wait): void {
    this.#waiters = this.#waiters?.filter((one) => one !== wait)
  }

  /** Makes its writes everyone's; returns what they changed. Those who waited go on when `onEnded` has been called. */
  commit(onEnded: (changes: ModelChange[]) => void): void {
    const changes = this.writes.map(toChange)
    this.#end(true, () => onEnded(changes))
  }

  rollback(): void {
    this.#end(false, () => undefined)
  }

  #end(isCommitted: boolean, onEnded: () => void): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const serve: (() => void)[] = []
    for (const row of this.locked) {
      const hasChanged = isCommitted && row.writer === this
      unlockRow(row, this)
      if (row.queue.length > 0) serve.push(() => serveRow(row, hasChanged))
    }
    for (const row of this.writes) settleRow(row, isCommitted)
    const { server } = this.backend
    for (const lock of server.tableLocks) if (lock.unlock(this)) serve.push(lock.serve)
    for (const wait of this.#waiters ?? []) serve.push(() => endWait(wait))
    onEnded()
    // All who waited wake up at the same time: who is first to take what it needs next is a matter of chance.
    while (serve.length > 0) serve.splice(serve.length > 1 ? server.pick(serve.length) : 0, 1)[0]?.()
  }
}

function endWait(wait: Wait): void {
  if (wait.isOver) return
  wait.isOver = true
  wait.resume()
}

function toChange(row: Row): ModelChange {
  return { table: row.table.name, before: row.committed, after: row.pending }
}

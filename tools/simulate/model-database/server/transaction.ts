import type { ModelChange, ModelRow } from '../model-database.ts'
import { unlockRow } from '../tables/lock-row.ts'
import type { Row } from '../tables/row.ts'
import { settleRow } from '../tables/table.ts'
import type { Backend } from './backend.ts'
import type { Wait } from './wait.ts'

/** One transaction of a connection, a single statement's too. */
export class Transaction {
  readonly backend: Backend
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
    this.startedAt = startedAt
  }

  write(row: Row, values: ModelRow | undefined): void {
    if (row.writer !== this) {
      row.writer = this
      this.writes.push(row)
    }
    row.pending = values
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
    const resumed: Wait[] = []
    const onGranted = (wait: Wait) => void resumed.push(wait)
    for (const row of this.locked) {
      const hasChanged = isCommitted && row.writer === this
      if (row.writer === this) settleRow(row, isCommitted)
      unlockRow(row, this, hasChanged, onGranted)
    }
    for (const row of this.writes) if (row.writer === this) settleRow(row, isCommitted)
    this.backend.server.tableLock?.unlock(this, onGranted)
    for (const wait of this.#waiters ?? []) {
      wait.isOver = true
      resumed.push(wait)
    }
    onEnded()
    for (const wait of resumed) wait.resume()
  }
}

function toChange(row: Row): ModelChange {
  return { table: row.table.name, before: row.committed, after: row.pending }
}

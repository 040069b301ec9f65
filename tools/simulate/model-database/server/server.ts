import type { ModelCommit, ModelDatabaseOptions, ModelLatency, ModelTime } from '../model-database.ts'
import { findCompiled } from '../sql/compile-statement.ts'
import type { StatementModel } from '../sql/statement.ts'
import { findStatement } from '../statements/find-statement.ts'
import type { TableLock } from '../tables/lock-table.ts'
import { makeTables, type Tables } from '../tables/make-tables.ts'
import type { Backend } from './backend.ts'
import { isDeadlocked } from './is-deadlocked.ts'
import { toServerError } from './server-error.ts'
import type { Transaction } from './transaction.ts'
import type { Wait } from './wait.ts'

const deadlockTimeoutMs = 1000
const lockTimeoutMs = 5000

/** Models of simple statements by their texts; a text always means the same, so all servers share them. */
const compiled = new Map<string, StatementModel>()

/** The server: its tables, its clock, and who is connected. */
export class Server {
  readonly time: ModelTime
  readonly random: () => number
  readonly latency: ModelLatency
  readonly tables: Tables = makeTables()
  /** Of all tables that are ever locked as a whole. */
  readonly tableLocks: readonly TableLock[] = Object.values(this.tables).flatMap(({ lock }) => lock ?? [])
  readonly commits: ModelCommit[] = []
  readonly unknownStatements: string[] = []
  readonly systemId = '7300000000000000001'
  timeline = 1
  offsetMs = 0
  statementCount = 0
  raceCount = 0
  isUp = true
  isInRecovery = false
  readonly backends = new Set<Backend>()
  /** Holders of advisory locks, by both keys. */
  readonly advisoryLocks = new Map<string, Backend>()
  readonly #startMs: number
  readonly #extra: ReadonlyMap<string, StatementModel> | undefined
  #lastBackend = 0
  #transactionCount = 0

  constructor(options: ModelDatabaseOptions, latency: ModelLatency) {
    this.time = options.time
    this.random = options.random
    this.latency = latency
    this.#startMs = options.startMs ?? 1_800_000_000_000
    this.#extra = options.statements
  }

  clockMs(): number {
    return this.#startMs + this.time.nowMs + this.offsetMs
  }

  readonly readClock = (): Date => new Date(this.clockMs())

  /** The model of a statement; throws where there is none, and remembers that. */
  getModel(text: string): StatementModel {
    this.statementCount += 1
    const known = this.#extra?.get(text) ?? compiled.get(text)
    if (known) return known
    const model = findStatement(text, this.tables) ?? findCompiled(text, this.tables)
    if (model === undefined) {
      this.unknownStatements.push(text)
      throw new Error(`the model has no statement: ${text}`)
    }
    compiled.set(text, model)
    return model
  }

  /** Chance decides among several. */
  pick(count: number): number {
    this.raceCount += 1
    return Math.floor(this.random() * count)
  }

  addBackend(backend: Backend): number {
    this.backends.add(backend)
    this.#lastBackend += 1
    return this.#lastBackend
  }

  /** The number of a transaction that begins. */
  countTransaction(): number {
    this.#transactionCount += 1
    return this.#transactionCount
  }

  removeBackend(backend: Backend): void {
    this.backends.delete(backend)
    for (const [lock, holder] of this.advisoryLocks) if (holder === backend) this.advisoryLocks.delete(lock)
  }

  /** Everyone sees the transaction from now on. */
  commit(transaction: Transaction): void {
    const { client } = transaction.backend
    transaction.commit((changes) => {
      if (changes.length > 0) {
        const { name: process } = client.process
        const { nowMs: atMs } = this.time
        this.commits.push({ atMs, databaseMs: this.clockMs(), process, changes, isLost: false })
      }
      for (const channel of transaction.notifications) this.#notify(channel)
    })
  }

  /** Watches a wait that has begun: for its end, a deadlock, the time-out. */
  watch(wait: Wait): void {
    const { time } = this
    if (wait.sleepMs !== undefined) {
      time.after(wait.sleepMs, () => {
        if (wait.isOver) return
        wait.isOver = true
        wait.resume()
      })
      return
    }
    this.#watchLock(wait, 0)
  }

  /** Every second, for those who have to end first may be others by then. */
  #watchLock(wait: Wait, waitedMs: number): void {
    for (const { backend } of wait.listBlockers()) backend.watchIdle()
    this.time.after(deadlockTimeoutMs, () => {
      if (wait.isOver) return
      const isTooLong = waitedMs + deadlockTimeoutMs >= lockTimeoutMs
      if (isDeadlocked(wait.transaction)) give(wait, toServerError('40P01', 'deadlock detected'))
      else if (isTooLong) give(wait, toServerError('55P03', 'canceling statement due to lock timeout'))
      else this.#watchLock(wait, waitedMs + deadlockTimeoutMs)
    })
  }

  #notify(channel: string): void {
    for (const backend of [...this.backends]) {
      if (backend.channels.has(channel) && !backend.expire()) backend.client.notify(channel)
    }
  }
}

function give(wait: Wait, error: Error): void {
  wait.isOver = true
  wait.cancel()
  wait.resume(error)
}

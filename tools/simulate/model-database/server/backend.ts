import type { Execution } from '../sql/expression.ts'
import type { Answer } from '../sql/statement.ts'
import type { Client, Request } from './client.ts'
import type { Server } from './server.ts'
import { toServerError } from './server-error.ts'
import { Transaction } from './transaction.ts'
import type { Steps, Wait } from './wait.ts'

/** protocols.md §0: every connection sets them to 5 s; those that hold locks for a process set their own. */
const idleInTransactionMs = 5000

const done: Readonly<Record<'COMMIT' | 'ROLLBACK', Answer>> = Object.freeze({
  COMMIT: { command: 'COMMIT', rowCount: 0, rows: [] },
  ROLLBACK: { command: 'ROLLBACK', rowCount: 0, rows: [] },
})

/** The server's end of one connection: carries out one statement after the other. */
export class Backend {
  readonly server: Server
  readonly client: Client
  readonly id: number
  readonly channels = new Set<string>()
  isClosed = false
  /** How long the connection may be idle outside a transaction, 0 for ever, and inside one. */
  idleSessionMs = 0
  idleInTransactionMs = idleInTransactionMs
  readonly #queue: Request[] = []
  #lastActiveMs: number
  #explicit: Transaction | undefined
  /** The transaction of the statement at work, and what is at work. */
  #current: Transaction | undefined
  #request: Request | undefined
  #steps: Steps<Answer> | undefined
  #flushing: (() => void) | undefined
  #hasHungUp = false
  #isWatched = false

  constructor(server: Server, client: Client) {
    this.server = server
    this.client = client
    this.id = server.addBackend(this)
    this.#lastActiveMs = server.time.nowMs
  }

  /** The transaction that waits here now. */
  get waiting(): Transaction | undefined {
    return this.#current?.wait && this.#current
  }

  receive(request: Request): void {
    if (this.isClosed) return
    this.#queue.push(request)
    this.#runNext()
  }

  /** The client is gone: what is at work is finished, a transaction that is open is rolled back. */
  hangUp(): void {
    this.#hasHungUp = true
    if (this.#request === undefined && this.#queue.length === 0) this.#close()
  }

  /** The server dies under the statement; what is being made durable either was or was not. */
  crash(isKept: boolean): void {
    const { client } = this
    if (isKept && this.#flushing) this.#flushing()
    this.#close()
    client.lose(toServerError('57P01', 'terminating connection due to administrator command'))
  }

  /** Ends the connection if it has been idle for longer than it may; whether it has. */
  expire(): boolean {
    if (this.isClosed) return true
    const limitMs = this.#explicit ? this.idleInTransactionMs : this.idleSessionMs
    const idleMs = this.server.time.nowMs - this.#lastActiveMs
    if (this.#request !== undefined || limitMs === 0 || idleMs < limitMs) return false
    const code = this.#explicit ? '25P03' : '57P05'
    this.#close()
    this.client.lose(toServerError(code, 'terminating connection due to idle time-out'))
    return true
  }

  /** Somebody waits for this connection's transaction: from now on its time-out is watched. */
  watchIdle(): void {
    if (this.#isWatched || this.isClosed) return
    this.#isWatched = true
    const restMs = this.#request ? this.idleInTransactionMs : this.#restMs()
    this.server.time.after(Math.max(restMs, 1), () => {
      this.#isWatched = false
      if (!this.expire() && this.#explicit) this.watchIdle()
    })
  }

  #restMs(): number {
    return this.#lastActiveMs + this.idleInTransactionMs - this.server.time.nowMs
  }

  #runNext(): void {
    if (this.#request !== undefined || this.isClosed) return
    const request = this.#queue[0]
    if (request === undefined) {
      if (this.#hasHungUp) this.#close()
      return
    }
    if (this.expire()) return
    this.#queue.shift()
    this.#request = request
    const startedAt = this.server.readClock()
    if (request.begins) this.#explicit = new Transaction(this, startedAt)
    if (request.text === 'commit') this.#commitExplicit()
    else if (request.text === 'rollback') this.#rollbackExplicit()
    else this.#start(request, startedAt)
  }

  #start({ parameters, text }: Request, startedAt: Date): void {
    const { server } = this
    const transaction = this.#explicit ?? new Transaction(this, startedAt)
    this.#current = transaction
    if (transaction.hasFailed) {
      const message = 'current transaction is aborted, commands ignored until end of transaction block'
      this.#finish(undefined, toServerError('25P02', message))
      return
    }
    const at: Execution = { server, transaction, parameters, startedAt, readClock: server.readClock }
    try {
      const result = server.getModel(text)(at)
      if ('next' in result) this.#drive(result)
      else this.#succeed(result)
    } catch (error) {
      this.#fail(error)
    }
  }

  #drive(steps: Steps<Answer>, interruption?: Error): void {
    try {
      const step = interruption ? steps.throw(interruption) : steps.next()
      if (step.done) this.#succeed(step.value)
      else this.#await(step.value, steps)
    } catch (error) {
      this.#fail(error)
    }
  }

  #await(wait: Wait, steps: Steps<Answer>): void {
    const { transaction } = wait
    this.#steps = steps
    transaction.wait = wait
    wait.resume = (interruption) => {
      if (this.#steps !== steps) return
      this.#steps = undefined
      transaction.wait = undefined
      this.#drive(steps, interruption)
    }
    this.server.watch(wait)
  }

  #succeed(answer: Answer): void {
    const transaction = this.#current
    if (transaction === undefined || transaction === this.#explicit) this.#finish(answer)
    else this.#makeDurable(transaction, answer)
  }

  #fail(error: unknown): void {
    this.#current?.rollback()
    if (this.#explicit) this.#explicit.hasFailed = true
    this.#finish(undefined, error)
  }

  #commitExplicit(): void {
    const transaction = this.#explicit
    if (transaction === undefined || transaction.hasFailed) this.#rollbackExplicit()
    else this.#makeDurable(transaction, done.COMMIT)
  }

  #rollbackExplicit(): void {
    const transaction = this.#explicit
    this.#explicit = undefined
    transaction?.rollback()
    this.#finish(done.ROLLBACK)
  }

  /** Others see the writes, and get the locks, once they are durable. */
  #makeDurable(transaction: Transaction, answer: Answer): void {
    const { latency, time } = this.server
    let isOver = false
    const commit = () => {
      if (isOver || this.isClosed) return
      isOver = true
      this.#flushing = undefined
      this.#explicit = undefined
      this.server.commit(transaction)
      this.#finish(answer)
    }
    const hasEffects = transaction.writes.length > 0 || transaction.notifications.length > 0
    const flushMs = hasEffects ? latency.flushMs() : 0
    if (flushMs > 0) {
      this.#flushing = commit
      time.after(flushMs, commit)
    } else commit()
  }

  #finish(answer: Answer | undefined, error?: unknown): void {
    const request = this.#request
    this.#request = undefined
    this.#current = undefined
    this.#lastActiveMs = this.server.time.nowMs
    if (request) this.client.answer(request, answer, error)
    this.#runNext()
  }

  #close(): void {
    if (this.isClosed) return
    this.isClosed = true
    const { wait } = this.#current ?? {}
    this.#steps = undefined
    if (wait && !wait.isOver) {
      wait.isOver = true
      wait.cancel()
    }
    this.#current?.rollback()
    this.#explicit?.rollback()
    this.server.removeBackend(this)
  }
}

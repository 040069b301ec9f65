import { toStoreError } from '../../../../services/auth/src/store/driver-errors.ts'
import type { Answer } from '../sql/statement.ts'
import { Backend } from './backend.ts'
import type { Direction, Process } from './process.ts'
import { toServerError } from './server-error.ts'

/** A statement on its way, or being carried out. */
export interface Request {
  readonly text: string
  readonly parameters: readonly unknown[]
  /** A `begin` travels with it. */
  readonly begins: boolean
  hasArrived: boolean
  /** Never to be called twice; what comes when nobody waits any more is dropped. */
  settle(answer: Answer | undefined, error?: unknown): void
}

const connectTimeoutMs = 5000
const begun: Answer = Object.freeze({ command: 'SELECT', rowCount: 0, rows: [] })

/** The process's end of one connection, as the driver `pg` has it. */
export class Client {
  readonly process: Process
  isBroken = false
  /** Called with the channel of a notification. */
  onNotification: ((channel: string) => void) | undefined
  /** Called when the connection has ended, whoever ended it. */
  onEnd: (() => void) | undefined
  readonly #queryTimeoutMs: number
  readonly #waiting = new Set<Request>()
  readonly #lastMs = { up: 0, down: 0 }
  #backend: Backend | undefined
  #begins = false

  /** A query time-out of 0 is none. */
  constructor(process: Process, queryTimeoutMs = 0) {
    this.process = process
    this.#queryTimeoutMs = queryTimeoutMs
  }

  /** Opens the connection; rejects when the server is down or does not answer for 5 s. */
  connect(): Promise<void> {
    const { process } = this
    const { server } = process
    process.clients.add(this)
    const { promise, request } = this.#makeRequest('connect', [], false)
    this.#failAfter(request, connectTimeoutMs, new Error('timeout exceeded when trying to connect'))
    this.#travel('up', () => {
      request.hasArrived = true
      if (this.isBroken || !this.#waiting.has(request)) return
      if (server.isUp) this.#backend = new Backend(server, this)
      const refused = server.isUp ? undefined : toServerError('ECONNREFUSED', 'connect ECONNREFUSED')
      this.#travel('down', () => request.settle(begun, refused))
    })
    return promise.then(() => undefined)
  }

  /** Sends a statement; those of one connection are carried out in the order in which they were sent. */
  query(text: string, parameters: readonly unknown[] = []): Promise<Answer> {
    if (text === 'begin') {
      this.#begins = true
      return Promise.resolve(begun)
    }
    const begins = this.#begins
    this.#begins = false
    this.process.queryCount += 1
    const { promise, request } = this.#makeRequest(text, parameters, begins)
    if (this.isBroken) {
      request.settle(undefined, new Error('Client has encountered a connection error and is not queryable'))
      return promise
    }
    this.#watchForSilence(request)
    this.#travel('up', () => {
      if (request.hasArrived) return
      request.hasArrived = true
      this.#backend?.receive(request)
    })
    return promise
  }

  /** An answer, or an error, on its way back. */
  answer(request: Request, answer: Answer | undefined, error?: unknown): void {
    this.#travel('down', () => request.settle(answer, error))
  }

  notify(channel: string): void {
    this.#travel('down', () => {
      if (!this.isBroken) this.onNotification?.(channel)
    })
  }

  /** The server has ended the connection; the process learns it a trip later. */
  lose(error: Error): void {
    this.#travel('down', () => this.#break(error))
  }

  /** The connection breaks now. What is on its way may still arrive, the first of it rather than the last. */
  breakOff(isSilent = false): void {
    const { random } = this.process.server
    const underWay = [...this.#waiting].filter(({ hasArrived }) => !hasArrived)
    const arriving = underWay.slice(0, Math.floor(random() * (underWay.length + 1)))
    if (isSilent) this.#waiting.clear()
    this.#break(new Error('Connection terminated unexpectedly'))
    for (const request of underWay) request.hasArrived = true
    for (const request of arriving) this.#backend?.receive(request)
    this.#backend?.hangUp()
  }

  /** Says goodbye; the server learns it a trip later. */
  end(): void {
    if (this.isBroken) return
    this.#break(new Error('Connection terminated'))
    this.#travel('up', () => this.#backend?.hangUp())
  }

  /** A cut has begun: what has a time-out of its own will not wait for its end. */
  watchSilence(): void {
    for (const request of this.#waiting) this.#watchForSilence(request)
  }

  #makeRequest(text: string, parameters: readonly unknown[], begins: boolean) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request: Request = {
      text,
      parameters,
      begins,
      hasArrived: false,
      settle: (answer, error) => {
        if (!this.#waiting.delete(request) || this.process.isDead) return
        if (answer === undefined || error !== undefined) reject(toStoreError(error))
        else resolve(answer)
      },
    }
    this.#waiting.add(request)
    return { promise, request }
  }

  #watchForSilence(request: Request): void {
    const { cutUntilMs, pausedUntilMs, server } = this.process
    const isSilent = Math.max(cutUntilMs, pausedUntilMs) > server.time.nowMs
    if (isSilent && this.#queryTimeoutMs > 0) {
      this.#failAfter(request, this.#queryTimeoutMs, new Error('Query read timeout'))
    }
  }

  /** Only where the network is cut now: nothing else keeps an answer away for so long. */
  #failAfter(request: Request, ms: number, error: Error): void {
    const { cutUntilMs, server } = this.process
    if (cutUntilMs <= server.time.nowMs) return
    server.time.after(ms, () => request.settle(undefined, error))
  }

  #break(error: Error): void {
    if (this.isBroken) return
    this.isBroken = true
    this.process.clients.delete(this)
    for (const request of [...this.#waiting]) request.settle(undefined, error)
    if (!this.process.isDead) this.onEnd?.()
  }

  /** What is sent arrives in the order of its sending, not before a cut or a pause is over. */
  #travel(direction: Direction, arrive: () => void): void {
    const { server } = this.process
    const { nowMs } = server.time
    const tripMs = server.latency.tripMs()
    const atMs = Math.max(nowMs + tripMs, this.#lastMs[direction], this.process.blockedUntilMs(direction))
    this.#lastMs[direction] = atMs
    if (atMs <= nowMs) arrive()
    else server.time.after(atMs - nowMs, () => this.#arrive(direction, arrive))
  }

  #arrive(direction: Direction, arrive: () => void): void {
    const { time } = this.process.server
    const untilMs = this.process.blockedUntilMs(direction)
    if (untilMs <= time.nowMs) arrive()
    else time.after(untilMs - time.nowMs, () => this.#arrive(direction, arrive))
  }
}

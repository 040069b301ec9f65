import type { Heartbeat, Revocation } from '../revocation.ts'
import type { VirtualTime } from './virtual-time.ts'

type Record = Revocation | Heartbeat
type Result = IteratorResult<Record, undefined>

/** A stream of records over a network that delays and never reorders. */
export class RecordChannel implements AsyncIterable<Record> {
  /** The last revocation that was sent. */
  sentRseq = 0
  readonly #time: VirtualTime
  readonly #read: (record: Revocation) => Revocation | Error
  readonly #arrived: (Record | Error)[] = []
  #waiting: { resolve: (result: Result) => void; reject: (error: Error) => void } | undefined
  #lastArrivalMs = 0
  #isOver = false

  constructor(time: VirtualTime, read: (record: Revocation) => Revocation | Error) {
    this.#time = time
    this.#read = read
  }

  send(record: Record, delayMs: number): void {
    if (record.kind === 'revocation') this.sentRseq = Math.max(this.sentRseq, record.rseq)
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#time.nowMs + delayMs)
    const arriving = record.kind === 'revocation' ? this.#read(record) : record
    this.#time.at(this.#lastArrivalMs, () => this.#arrive(arriving))
  }

  fail(error: Error): void {
    this.#arrive(error)
  }

  [Symbol.asyncIterator](): AsyncIterator<Record, undefined> {
    return {
      next: () =>
        new Promise((resolve, reject) => {
          this.#waiting = { resolve, reject }
          this.#deliver()
        }),
      return: async () => {
        this.#isOver = true
        return { done: true, value: undefined }
      },
    }
  }

  #arrive(item: Record | Error): void {
    if (this.#isOver) return
    this.#arrived.push(item)
    this.#deliver()
  }

  #deliver(): void {
    if (this.#waiting === undefined) return
    const item = this.#arrived.shift()
    if (item === undefined) return
    const { resolve, reject } = this.#waiting
    this.#waiting = undefined
    if (item instanceof Error) reject(item)
    else resolve({ done: false, value: item })
  }
}

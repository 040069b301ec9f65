import { RpcError } from '../../../packages/client/src/grpc/rpc-error.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import type { Link } from './link.ts'
import type { SimulatedProcess } from './simulated-process.ts'

/** What happens to an item on its way: nothing, or it is lost, doubled or another. */
export type Tamper<T> = (item: T) => readonly T[]

/** The two ends of a stream and the way between them. */
export interface StreamParts<T> {
  readonly time: VirtualTime
  readonly link: Link
  readonly from: SimulatedProcess
  readonly to: SimulatedProcess
  /** Runs in the serving process. */
  readonly open: (signal: AbortSignal) => AsyncIterable<T>
  readonly tamper?: Tamper<T>
  /** Ends it from the reader's side. */
  readonly signal: AbortSignal
}

/** The reader's end of a server stream, with the part of grpc-js's stream that is used: reads by iteration, `cancel`, `on('error')`. */
export class ModelStream<T> implements AsyncIterable<T> {
  readonly #parts: StreamParts<T>
  readonly #arrived: T[] = []
  readonly #serving = new AbortController()
  #waiting: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void } | undefined
  #end: { readonly error: unknown } | undefined
  #lastArrivalMs = 0
  readonly #forget: (() => void)[] = []

  constructor(parts: StreamParts<T>) {
    this.#parts = parts
    const { from, link, signal, to } = parts
    const breakOff = () => this.#break(new RpcError('UNAVAILABLE', undefined, 'connection broke'))
    this.#forget.push(link.onBreak(breakOff), to.onDeath(breakOff))
    const arrive = () => {
      if (to.isDead) breakOff()
      else to.deliver(() => void this.#serve())
    }
    link.send({ arrive, fail: breakOff })
    const cancel = () => this.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    this.#forget.push(() => signal.removeEventListener('abort', cancel))
    from.onDeath(cancel)
  }

  on(): this {
    return this
  }

  /** Ends it; the serving process hears of it unless the link loses that. */
  cancel(): void {
    if (this.#isForgotten()) return
    const { link, to } = this.#parts
    link.send({ arrive: () => to.deliver(() => this.#serving.abort()), fail: () => undefined })
    this.#finish(new RpcError('CANCELLED', undefined, 'cancelled'))
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () =>
        new Promise((resolve, reject) => {
          this.#waiting = { resolve, reject }
          this.#hand()
        }),
      return: async () => {
        this.cancel()
        return { done: true, value: undefined }
      },
    }
  }

  async #serve(): Promise<void> {
    const { open, tamper, to } = this.#parts
    try {
      for await (const item of open(this.#serving.signal)) {
        if (to.isDead || this.#serving.signal.aborted) return
        for (const sent of tamper?.(item) ?? [item]) this.#send(() => this.#arrived.push(sent))
      }
      this.#send(() => this.#finish(undefined))
    } catch (error) {
      if (!to.isDead) this.#send(() => this.#finish(error))
    }
  }

  #send(take: () => void): void {
    const { from, link } = this.#parts
    const arrive = () =>
      from.deliver(() => {
        if (this.#end !== undefined) return
        take()
        this.#hand()
      })
    this.#lastArrivalMs = link.send({ arrive, fail: () => undefined }, this.#lastArrivalMs)
  }

  #break(error: RpcError): void {
    const { from, time, to } = this.#parts
    to.deliver(() => this.#serving.abort())
    time.after(0.1, () => from.deliver(() => this.#finish(error)))
  }

  #isForgotten(): boolean {
    return this.#end !== undefined
  }

  #finish(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    for (const forget of this.#forget) forget()
    this.#hand()
  }

  #hand(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    const [item] = this.#arrived
    if (item === undefined && this.#end === undefined) return
    this.#waiting = undefined
    if (item !== undefined) {
      this.#arrived.shift()
      waiting.resolve({ done: false, value: item })
    } else if (this.#end?.error === undefined) waiting.resolve({ done: true, value: undefined })
    else waiting.reject(this.#end.error)
  }
}

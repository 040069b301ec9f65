import type { Answer } from '../sql/statement.ts'
import { Client } from './client.ts'
import type { Process } from './process.ts'

/** A client that is lent out until it is released. */
export interface PooledClient {
  query(text: string, parameters?: readonly unknown[]): Promise<Answer>
  release(error?: Error | boolean): void
}

interface Lent extends PooledClient {
  readonly client: Client
}

interface Waiter {
  readonly resolve: (client: PooledClient) => void
  readonly reject: (error: unknown) => void
  isOver: boolean
}

const connectTimeoutMs = 5000

/** A process's pool of connections, as `pg` has it: the one released last is lent first, and who waits is served in turn. */
export class Pool {
  readonly options = {}
  readonly #process: Process
  readonly #size: number
  readonly #idle: Lent[] = []
  readonly #waiting: Waiter[] = []
  #open = 0
  #hasEnded = false

  constructor(process: Process, size: number) {
    this.#process = process
    this.#size = size
  }

  async connect(): Promise<PooledClient> {
    if (this.#process.isDead) return await new Promise(() => undefined)
    for (let lent = this.#idle.pop(); lent !== undefined; lent = this.#idle.pop()) {
      if (!lent.client.isBroken) return lent
      this.#open -= 1
    }
    return this.#open < this.#size ? await this.#openClient() : await this.#wait()
  }

  async end(): Promise<void> {
    this.#hasEnded = true
    for (const { client } of this.#idle.splice(0)) client.end()
  }

  async #openClient(): Promise<PooledClient> {
    const client = new Client(this.#process)
    this.#open += 1
    try {
      await client.connect()
    } catch (error) {
      this.#open -= 1
      client.end()
      throw error
    }
    const lent: Lent = {
      client,
      query: (text, parameters) => client.query(text, parameters),
      release: (error) => this.#release(lent, Boolean(error)),
    }
    return lent
  }

  async #wait(): Promise<PooledClient> {
    const { promise, resolve, reject } = Promise.withResolvers<PooledClient>()
    const waiter: Waiter = { resolve, reject, isOver: false }
    this.#waiting.push(waiter)
    this.#process.server.time.after(connectTimeoutMs, () => {
      if (waiter.isOver) return
      waiter.isOver = true
      reject(new Error('timeout exceeded when trying to connect'))
    })
    return await promise
  }

  #release(lent: Lent, isDiscarded: boolean): void {
    const next = this.#takeWaiter()
    const isGone = lent.client.isBroken || isDiscarded || this.#hasEnded
    if (isGone) {
      lent.client.end()
      this.#open -= 1
      if (next) this.connect().then(next.resolve, next.reject)
    } else if (next) next.resolve(lent)
    else this.#idle.push(lent)
  }

  #takeWaiter(): Waiter | undefined {
    let next = this.#waiting.shift()
    while (next?.isOver) next = this.#waiting.shift()
    if (next) next.isOver = true
    return next
  }
}

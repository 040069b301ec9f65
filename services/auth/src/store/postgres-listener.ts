import type pg from 'pg'
import type { ChannelListener } from './database.ts'
import { assertDirectConnection, closeClient } from './postgres-leader.ts'

/** What to listen to. */
export interface PostgresListenerOptions {
  /** Makes a connection past a transaction pooler: through one a connection that listens hears nothing. */
  readonly makeClient: () => pg.Client
  /** Resolves after that time, or when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly channel: string
  /** Must not throw. */
  readonly onNotification: () => void
}

/** A connection that is dead without a word is noticed after a ping and the client's time-out. */
const pingEveryMs = 5000
const retryMs = { first: 100, longest: 5000 }

/** Opens a connection that listens, and another one whenever it breaks. See `Database.openListener`. */
export function openPostgresListener(options: PostgresListenerOptions): ChannelListener {
  return new Listener(options)
}

class Listener implements ChannelListener {
  readonly #options: PostgresListenerOptions
  readonly #closing = new AbortController()
  readonly #ended: Promise<void>
  isListening = false

  constructor(options: PostgresListenerOptions) {
    this.#options = options
    this.#ended = this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    for (let waitMs = retryMs.first; !signal.aborted; waitMs = Math.min(2 * waitMs, retryMs.longest)) {
      if (await this.#listen()) waitMs = retryMs.first
      await this.#options.sleep(waitMs, signal)
    }
  }

  /** Listens until the connection breaks; whether it ever did. */
  async #listen(): Promise<boolean> {
    const { makeClient, channel, onNotification, sleep } = this.#options
    const broken = new AbortController()
    const client = makeClient()
    client.on('error', () => broken.abort())
    client.on('end', () => broken.abort())
    client.on('notification', onNotification)
    let hasListened = false
    try {
      await client.connect()
      await assertDirectConnection(client)
      await client.query(`listen ${client.escapeIdentifier(channel)}`)
      hasListened = true
      this.isListening = true
      onNotification()
      const { signal } = broken
      this.#closing.signal.addEventListener('abort', () => broken.abort(), { signal })
      if (this.#closing.signal.aborted) broken.abort()
      while (!signal.aborted) {
        await sleep(pingEveryMs, signal)
        if (!signal.aborted) await client.query('select 1')
      }
    } catch {
      // Whatever it was: who waits looks by itself until the next attempt.
    } finally {
      this.isListening = false
      broken.abort()
      await closeClient(client)
    }
    return hasListened
  }
}

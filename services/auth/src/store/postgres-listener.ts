import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ChannelListener } from './database.ts'
import { assertDirectConnection, closeClient } from './postgres-leader.ts'

/** What to listen to. */
export interface PostgresListenerOptions {
  /** Past a transaction pooler: there a connection that listens hears nothing. */
  readonly url: string
  readonly channel: string
  /** Must not throw. */
  readonly onNotification: () => void
}

/** A connection that is dead without a word is noticed after a ping and its time-out. */
const pingEveryMs = 5000
const answerTimeoutMs = 3000
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
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Listens until the connection breaks; whether it ever did. */
  async #listen(): Promise<boolean> {
    const { url: connectionString, channel, onNotification } = this.#options
    const broken = new AbortController()
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: answerTimeoutMs,
      query_timeout: answerTimeoutMs,
      keepAlive: true,
    })
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
      const signal = AbortSignal.any([broken.signal, this.#closing.signal])
      while (!signal.aborted) {
        await sleep(pingEveryMs, undefined, { signal }).catch(() => undefined)
        if (!signal.aborted) await client.query('select 1')
      }
    } catch {
      // Whatever it was: who waits looks by itself until the next attempt.
    } finally {
      this.isListening = false
      await closeClient(client)
    }
    return hasListened
  }
}

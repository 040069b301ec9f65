import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import { type Clock, readClock, toElapsedMs } from '../verifier/clock.ts'
import type { CachedUser } from './cached-user.ts'
import type { UserStateSource } from './user-state-source.ts'
import type { UserRead, UserTable } from './user-table.ts'

/** What a feed is made of. */
export interface UserFeedOptions {
  readonly table: UserTable
  readonly source: UserStateSource
  readonly clock: Clock
  readonly logger: Logger
  /** 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number
}

/** Fills a table from a source, and keeps it up to date. */
export interface UserFeed {
  /** All users were listed since the table's generation began, and changes have been told since before. */
  isWarm(): boolean
  warm(signal?: AbortSignal): Promise<void>
  /** Changes are being told, as far as the source's signs of life say. */
  isFed(): boolean
  /** The table has begun anew: all users are listed again. */
  loadAnew(): void
  close(): Promise<void>
}

/** A millisecond's work. */
const usersPerTurn = 500
const retryBounds = { firstMs: 100, maxMs: 5_000 }

/** Opens a feed: it lists when the table first begins, and again whenever something may have been missed. Whoever opens closes. */
export function openUserFeed(options: UserFeedOptions): UserFeed {
  return new Feed(options)
}

class Feed implements UserFeed {
  readonly #options: UserFeedOptions
  readonly #closing = new AbortController()
  readonly #running: Promise<unknown>
  readonly #waiting = new Set<() => void>()
  /** Rises whenever everything is to be listed again; 0: the table has not begun. */
  #wanted = 0
  #loaded = 0
  #loading = new AbortController()
  #wake: () => void = () => undefined
  #isFollowing = false
  #heardAt

  constructor(options: UserFeedOptions) {
    this.#options = options
    this.#heardAt = readClock(options.clock)
    this.#running = Promise.all([this.#keepLoaded(), this.#keepFollowing()])
  }

  isWarm(): boolean {
    return this.#wanted > 0 && this.#loaded === this.#wanted
  }

  isFed(): boolean {
    const { silenceMs } = this.#options.source
    if (!this.#isFollowing) return false
    return silenceMs === undefined || toElapsedMs(this.#heardAt, readClock(this.#options.clock)) <= silenceMs
  }

  async warm(signal?: AbortSignal): Promise<void> {
    while (!this.isWarm()) {
      signal?.throwIfAborted()
      this.#closing.signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        const done = () => {
          signal?.removeEventListener('abort', done)
          this.#waiting.delete(done)
          resolve()
        }
        this.#waiting.add(done)
        signal?.addEventListener('abort', done, { once: true })
      })
    }
  }

  loadAnew(): void {
    this.#wanted++
    this.#loading.abort(new Error('users are listed anew'))
    this.#wake()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'))
    this.#loading.abort(new Error('closed'))
    this.#wake()
    for (const resolve of this.#waiting) resolve()
    await this.#running
  }

  async #keepLoaded(): Promise<void> {
    const { clock, logger, random = Math.random } = this.#options
    const { signal } = this.#closing
    const backoff = makeBackoff({ ...retryBounds, random })
    while (!signal.aborted) {
      if (this.#loaded === this.#wanted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const wanted = this.#wanted
      this.#loading = new AbortController()
      try {
        await this.#load(this.#loading.signal)
        this.#loaded = wanted
        backoff.reset()
        if (this.isWarm()) for (const resolve of this.#waiting) resolve()
      } catch (err) {
        if (signal.aborted || wanted !== this.#wanted) continue
        logger.warn({ err }, 'listing users was interrupted')
        await clock.sleep(backoff.next(), signal)
      }
    }
  }

  /** Each part is a read of its own: what is revoked while it is on its way is known to be doubtful. */
  async #load(signal: AbortSignal): Promise<void> {
    const { table, source } = this.#options
    const parts = source.list(signal)[Symbol.asyncIterator]()
    try {
      // A full table is not listed again: those who are in it are asked for.
      while (!table.isPartial) {
        const read = table.beginRead()
        try {
          const { done, value } = await parts.next()
          if (done) return
          await this.#fill(value, read, signal)
        } finally {
          table.endRead(read)
        }
      }
    } finally {
      await parts.return?.()
    }
  }

  /** A part of a topic has a hundred thousand users: others have their turn in between. What is revoked meanwhile came after the read began. */
  async #fill(users: Iterable<CachedUser>, read: UserRead, signal: AbortSignal): Promise<void> {
    let count = 0
    for (const user of users) {
      if (count++ % usersPerTurn === 0) {
        if (count > 1) await nextTurn()
        signal.throwIfAborted()
      }
      this.#options.table.fill(user, read)
    }
  }

  async #keepFollowing(): Promise<void> {
    const { clock, logger, source, table, random = Math.random } = this.#options
    const { signal } = this.#closing
    const backoff = makeBackoff({ ...retryBounds, random })
    const heard = () => {
      this.#heardAt = readClock(clock)
      backoff.reset()
    }
    const changes = {
      takeChange: table.takeChange.bind(table),
      takeDeleted: table.takeDeleted.bind(table),
      takeUnreadable: (userId: string) => table.doubt(userId),
      takeLifeSign: heard,
    }
    while (!signal.aborted) {
      this.#isFollowing = true
      this.#heardAt = readClock(clock)
      try {
        await source.follow(changes, signal)
      } catch (err) {
        logger.error({ err }, 'following changes of users was interrupted')
      }
      this.#isFollowing = false
      await clock.sleep(backoff.next(), signal)
      // What was told meanwhile is known by reading everything.
      if (!signal.aborted && this.#wanted > 0) this.loadAnew()
    }
  }
}

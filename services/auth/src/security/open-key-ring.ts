import type { Clock } from '../domain/clock.ts'
import type { KeyPurpose, KeyTimes } from '../domain/key-life.ts'
import type { Database } from '../store/database.ts'
import { insertFirstKey, type KeysRead, type NewKey, readKeys } from '../store/keys.ts'
import type { KeyRing } from './key-ring.ts'
import { type KeyView, makeKeyView } from './key-view.ts'
import { makeOpenedKeys, type OpenedKeys } from './open-keys.ts'
import type { Seal } from './seal.ts'

/** What a key ring is made of. */
export interface KeyRingOptions {
  readonly database: Pick<Database, 'kysely'>
  readonly seal: Seal
  /** Makes the first key of a purpose. */
  readonly makeKey: (purpose: KeyPurpose) => Promise<NewKey>
  readonly times: KeyTimes
  readonly clock: Clock
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly log: { warn(facts: object, message: string): void }
}

/** A key ring that keeps itself up to date. */
export interface OpenKeyRing extends KeyRing {
  /** Stops reading. Idempotent. */
  close(): Promise<void>
}

/** Between two reads, however many ask: an unknown `kid` costs whoever shows it a wait, never the database its calm. */
const reloadEveryMs = 50
const purposes: readonly KeyPurpose[] = ['signing', 'refresh', 'fingerprint']

/**
 * Loads the keys, making the first ones where there are none, and reads them again and again in the same way. Instances that start together agree on what the
 * database kept. Throws SealError when the master key is not the one that sealed them.
 */
export async function openKeyRing(options: KeyRingOptions): Promise<OpenKeyRing> {
  const { clock, seal, times } = options
  const opened = makeOpenedKeys(seal)
  const readAtMs = clock.monotonicMs()
  const view = makeKeyView(await readOrMakeKeys(options), opened, times)
  return new PolledKeyRing(options, opened, view, readAtMs)
}

/** The keys; makes those of purposes that have none: at the first start, and where a failover has lost the commit that made them. */
async function readOrMakeKeys({
  database: { kysely },
  makeKey,
}: Pick<KeyRingOptions, 'database' | 'makeKey'>): Promise<KeysRead> {
  const read = await readKeys(kysely)
  const lacking = purposes.filter(
    (purpose) => !read.keys.some((key) => key.purpose === purpose && key.retiredAt === undefined),
  )
  if (lacking.length === 0) return read
  for (const purpose of lacking) await insertFirstKey(kysely, await makeKey(purpose))
  return await readKeys(kysely)
}

class PolledKeyRing implements OpenKeyRing {
  readonly #options: KeyRingOptions
  readonly #opened: OpenedKeys
  readonly #closing = new AbortController()
  readonly #polling: Promise<void>
  readonly verifying = { find: (keyId: string) => this.#view.keySet.find(keyId) }
  #view: KeyView
  /** When the read that gave the view began, and when the last one did. */
  #viewAtMs: number
  #triedAtMs: number
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(options: KeyRingOptions, opened: OpenedKeys, view: KeyView, readAtMs: number) {
    this.#options = options
    this.#opened = opened
    this.#view = view
    this.#viewAtMs = readAtMs
    this.#triedAtMs = readAtMs
    this.#polling = this.#poll()
  }

  get jwksJson() {
    return this.#view.jwksJson
  }

  get refresh() {
    return this.#view.refresh
  }

  get fingerprintKey() {
    return this.#view.fingerprintKey
  }

  findSigningKey(issuedAt: Date) {
    return this.#view.findSigningKey(issuedAt)
  }

  findRefreshKey(id: string) {
    return this.#view.findRefreshKey(id)
  }

  isRevoked(keyId: string) {
    return this.#view.revoked.has(keyId)
  }

  status() {
    const ageMs = this.#options.clock.monotonicMs() - this.#viewAtMs
    const { asOf, signsSince } = this.#view
    return { ageMs, signingKeyAgeMs: asOf.getTime() + ageMs - signsSince.getTime() }
  }

  reload(): Promise<void> {
    this.#next ??= this.#loadAfter(this.#running)
    return this.#next
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#polling
    await this.#running.catch(() => undefined)
  }

  async #loadAfter(before: Promise<void>): Promise<void> {
    const { clock } = this.#options
    await before.catch(() => undefined)
    await clock.sleep(this.#triedAtMs + reloadEveryMs - clock.monotonicMs(), this.#closing.signal)
    // Whoever comes from now on has to wait for a later one.
    this.#next = undefined
    this.#running = this.#load()
    await this.#running
  }

  async #load(): Promise<void> {
    const { clock, times } = this.#options
    const readAtMs = clock.monotonicMs()
    this.#triedAtMs = readAtMs
    const read = await readOrMakeKeys(this.#options)
    this.#view = makeKeyView(read, this.#opened, times, this.#view)
    this.#viewAtMs = readAtMs
  }

  async #poll(): Promise<void> {
    const { clock, log, random, times } = this.#options
    const { signal } = this.#closing
    let failed = false
    while (!signal.aborted) {
      await clock.sleep(times.ringPollMs * (0.75 + random() / 2), signal)
      if (signal.aborted) return
      try {
        await this.reload()
        failed = false
      } catch (err) {
        if (!failed) log.warn({ err }, 'the keys cannot be read; trying again')
        failed = true
      }
    }
  }
}

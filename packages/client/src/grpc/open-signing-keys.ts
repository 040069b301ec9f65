import { durationMs } from '@bufbuild/protobuf/wkt'
import type { AuthService, GetSigningKeysResponse } from '@immersiverse/auth-contract'
import type { Logger } from '../logger.ts'
import { type Backoff, makeBackoff } from '../make-backoff.ts'
import type { Clock } from '../verifier/clock.ts'
import { type KeySet, type KeySource, makeKeySet } from '../verifier/make-key-set.ts'
import type { GrpcClientOf } from './make-grpc-client.ts'

/** What the service says of its tokens. */
export interface IssuerFacts {
  readonly issuer: string
  readonly audience: string
  readonly maxLifetimeSeconds: number
}

/** The service's public keys, kept up to date. */
export interface SigningKeys extends KeySource {
  /** Undefined until the keys have been read once. */
  readonly facts: IssuerFacts | undefined
  /** Stops reading. Idempotent. */
  close(): Promise<void>
}

/** What reading keys takes. */
export interface SigningKeysOptions {
  readonly client: Pick<GrpcClientOf<typeof AuthService>, 'getSigningKeys'>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** In [0, 1), for jitter; default Math.random. */
  readonly random?: () => number
}

/** An unknown `kid` causes at most one read in this time, whoever sends how many (RFC 8725 §3.10). */
const unknownKeyEveryMs = 10_000

/**
 * Opens the keys: reads GetSigningKeys now, again when three quarters of `max_age` have passed, and once an unknown `kid` is asked for.
 * Keys that were read stay while the service cannot be reached.
 */
export function openSigningKeys(options: SigningKeysOptions): SigningKeys {
  return new Keys(options)
}

class Keys implements SigningKeys {
  readonly #options: SigningKeysOptions
  readonly #backoff: Backoff
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #set: KeySet | undefined
  #facts: IssuerFacts | undefined
  #readAtMs = Number.NEGATIVE_INFINITY
  #wake = new AbortController()

  constructor(options: SigningKeysOptions) {
    this.#options = options
    const { random = Math.random } = options
    this.#backoff = makeBackoff({ firstMs: 100, maxMs: 5_000, random })
    this.#running = this.#run()
  }

  get facts(): IssuerFacts | undefined {
    return this.#facts
  }

  find(keyId: string) {
    const key = this.#set?.find(keyId)
    if (key === undefined && this.#set !== undefined) this.#readSoon()
    return key
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  #readSoon(): void {
    if (this.#options.clock.monotonicMs() - this.#readAtMs >= unknownKeyEveryMs) this.#wake.abort()
  }

  async #run(): Promise<void> {
    const { client, clock, logger } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#wake = new AbortController()
      this.#readAtMs = clock.monotonicMs()
      let waitMs: number
      try {
        waitMs = this.#take(await client.getSigningKeys({}, { signal }))
        this.#backoff.reset()
      } catch (err) {
        if (signal.aborted) return
        waitMs = this.#backoff.next()
        logger.warn({ err }, 'the signing keys cannot be read; trying again')
      }
      await clock.sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  /** Returns how long they are good for. */
  #take(answer: GetSigningKeysResponse): number {
    const lifetimeMs = answer.maxTokenLifetime === undefined ? 0 : durationMs(answer.maxTokenLifetime)
    this.#set = makeKeySet(answer.jwksJson)
    this.#facts = {
      issuer: answer.issuer,
      audience: answer.audience,
      maxLifetimeSeconds: lifetimeMs / 1000,
    }
    return 0.75 * (answer.maxAge === undefined ? 60_000 : durationMs(answer.maxAge))
  }
}

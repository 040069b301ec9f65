import { makeBackoff } from '../make-backoff.ts'
import type { Clock } from './clock.ts'

/** Bounds of a circuit breaker. */
export interface CircuitBreakerOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** 0 to 1, for jitter. */
  readonly random: () => number
  /** Calls at once in health; default 1,000. */
  readonly maxInFlight?: number
  /** Of how many last calls half may fail before it opens; default 20. */
  readonly window?: number
  /** The first and the longest wait before a probe; default 250 and 10,000. */
  readonly firstOpenMs?: number
  readonly maxOpenMs?: number
}

/** How a call went that the breaker let pass; the first report counts. */
export type ReportCall = (isGood: boolean) => void

/** Keeps calls from a service that does not answer them. */
export interface CircuitBreaker {
  /** Lets a call pass, or says why not. */
  enter(): ReportCall | 'OPEN' | 'FULL'
  readonly state: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
}

/**
 * Makes a circuit breaker. It opens when half of the last calls failed, then lets one probe pass after a wait with jitter. From there the
 * number of calls at once doubles with every full round of good ones, and the wait starts small again only when it is back at its
 * maximum: a service that has just recovered is not knocked over by all that waited for it (R12).
 */
export function makeCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  return new Breaker(options)
}

class Breaker implements CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  readonly #maxInFlight: number
  readonly #window: number
  readonly #backoff
  #state: CircuitBreaker['state'] = 'CLOSED'
  /** Rises with every change of state: reports of calls from before it say nothing about now. */
  #era = 0
  #inFlight = 0
  #allowed: number
  #goodInRow = 0
  #outcomes: boolean[] = []
  #opensAtMs = 0

  constructor(options: CircuitBreakerOptions) {
    const { maxInFlight = 1_000, window = 20, firstOpenMs = 250, maxOpenMs = 10_000, random } = options
    this.#options = options
    this.#maxInFlight = maxInFlight
    this.#allowed = maxInFlight
    this.#window = window
    this.#backoff = makeBackoff({ firstMs: firstOpenMs, maxMs: maxOpenMs, random })
  }

  get state(): CircuitBreaker['state'] {
    return this.#state
  }

  enter(): ReportCall | 'OPEN' | 'FULL' {
    if (this.#state === 'OPEN') {
      if (this.#options.clock.monotonicMs() < this.#opensAtMs) return 'OPEN'
      this.#change('HALF_OPEN')
      this.#allowed = 1
    }
    if (this.#inFlight >= this.#allowed) return this.#state === 'CLOSED' ? 'FULL' : 'OPEN'
    this.#inFlight++
    const era = this.#era
    let isReported = false
    return (isGood) => {
      if (isReported) return
      isReported = true
      if (era !== this.#era) return
      this.#inFlight--
      if (this.#state === 'HALF_OPEN') this.#probed(isGood)
      else this.#count(isGood)
    }
  }

  #probed(isGood: boolean): void {
    if (!isGood) {
      this.#open()
      return
    }
    this.#goodInRow++
    if (this.#goodInRow < this.#allowed) return
    this.#goodInRow = 0
    this.#allowed = Math.min(this.#allowed * 2, this.#maxInFlight)
    if (this.#allowed < this.#maxInFlight) return
    this.#backoff.reset()
    this.#change('CLOSED')
  }

  #count(isGood: boolean): void {
    this.#outcomes.push(isGood)
    if (this.#outcomes.length > this.#window) this.#outcomes.shift()
    const failures = this.#outcomes.filter((good) => !good).length
    if (failures * 2 >= this.#window) this.#open()
  }

  #open(): void {
    this.#opensAtMs = this.#options.clock.monotonicMs() + this.#backoff.next()
    this.#change('OPEN')
  }

  #change(state: CircuitBreaker['state']): void {
    this.#state = state
    this.#era++
    this.#inFlight = 0
    this.#goodInRow = 0
    this.#outcomes = []
  }
}

import type { Clock } from '../clock.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly fire: () => void
}

/** Time that passes only in `run`: the truth of a simulated world, in milliseconds. */
export class VirtualTime {
  nowMs = 0
  #timers: Timer[] = []
  #order = 0

  at(atMs: number, fire: () => void): void {
    const timer = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, fire }
    const place = this.#timers.findIndex((other) => other.atMs > timer.atMs)
    this.#timers.splice(place < 0 ? this.#timers.length : place, 0, timer)
  }

  after(ms: number, fire: () => void): void {
    this.at(this.nowMs + ms, fire)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      this.after(ms, resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Lets time pass, one timer after the other; what waits for promises runs in between. */
  async run(untilMs: number): Promise<void> {
    await settle()
    for (let next = this.#timers[0]; next !== undefined && next.atMs <= untilMs; next = this.#timers[0]) {
      this.#timers.shift()
      this.nowMs = next.atMs
      next.fire()
      await settle()
    }
    this.nowMs = untilMs
  }
}

/** A process's clocks: they drift, the wall clock is wrong and steps, the monotonic one may stand still. */
export class VirtualClock implements Clock {
  readonly #time: VirtualTime
  readonly #driftPpm: number
  /** Wrongness of the wall clock; what the monotonic clock has slept. */
  wallSkewMs: number
  sleptMs = 0

  constructor(time: VirtualTime, { driftPpm = 0, wallSkewMs = 0 } = {}) {
    this.#time = time
    this.#driftPpm = driftPpm
    this.wallSkewMs = wallSkewMs
  }

  monotonicMs(): number {
    return this.#time.nowMs * (1 + this.#driftPpm / 1e6) - this.sleptMs
  }

  wallMs(): number {
    return startMs + this.#time.nowMs * (1 + this.#driftPpm / 1e6) + this.wallSkewMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#time.sleep(ms, signal)
  }
}

/** Unix time at the world's beginning. */
export const startMs = 1_800_000_000_000

/** A generator of numbers from 0 to 1 (mulberry32): the same seed, the same numbers. */
export function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

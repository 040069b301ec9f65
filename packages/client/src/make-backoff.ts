/** Bounds of a backoff. */
export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
  /** 0 to 1; default Math.random. */
  readonly random?: () => number
}

/** Waits that grow while something keeps failing. */
export interface Backoff {
  /** Milliseconds until the next attempt; doubles each time up to the maximum. */
  next(): number
  /** Something worked: start again from the first wait. */
  reset(): void
}

/** Makes an exponential backoff with equal jitter: each wait is between half of its step and the whole, so that callers spread out. */
export function makeBackoff({ firstMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let step = firstMs
  return {
    next() {
      const wait = step / 2 + (random() * step) / 2
      step = Math.min(step * 2, maxMs)
      return wait
    },
    reset() {
      step = firstMs
    },
  }
}

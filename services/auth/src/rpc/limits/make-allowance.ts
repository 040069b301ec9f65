/** What may be done at once, and how fast that comes back. */
export interface AllowanceOptions {
  readonly burst: number
  readonly perSecond: number
}

/** A token bucket of one peer. */
export interface Allowance {
  /** Takes one; says whether there was one. */
  take(nowMs: number): boolean
  /** Fills it again. */
  refill(): void
}

/** Makes a full one. Costs two numbers: a peer has several. */
export function makeAllowance({ burst, perSecond }: AllowanceOptions): Allowance {
  let left = burst
  let atMs: number | undefined
  return {
    take(nowMs) {
      left = Math.min(burst, left + ((nowMs - (atMs ?? nowMs)) * perSecond) / 1000)
      atMs = nowMs
      if (left < 1) return false
      left -= 1
      return true
    },
    refill() {
      left = burst
    },
  }
}

import type { Clock } from '../../domain/clock.ts'

/** One use of an assertion. */
export interface AssertionUse {
  readonly assertion: string
  readonly address: string
  readonly notAfter: Date
}

/** The assertions that were used, by key and `jti`, until they expire. Of one instance: each remembers for itself. */
export interface UsedAssertions {
  /** Whether the name is free, or taken by this very assertion from this very address. */
  claim(name: string, use: AssertionUse): boolean
}

const usesMax = 100_000

/** Makes an empty memory of at most 100,000 assertions; when it is full of such as have not expired, further ones are refused. */
export function makeUsedAssertions(clock: Clock): UsedAssertions {
  const uses = new Map<string, AssertionUse>()
  return {
    claim: (name, use) => {
      const now = clock.now()
      const taken = uses.get(name)
      if (taken !== undefined && taken.notAfter > now) {
        return taken.assertion === use.assertion && taken.address === use.address
      }
      if (uses.size >= usesMax) forgetExpired(uses, now)
      if (uses.size >= usesMax) return false
      uses.set(name, use)
      return true
    },
  }
}

function forgetExpired(uses: Map<string, AssertionUse>, now: Date): void {
  for (const [name, { notAfter }] of uses) if (notAfter <= now) uses.delete(name)
}

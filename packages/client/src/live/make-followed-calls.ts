import type { AuthError } from '../auth-error.ts'
import { tokenRefusal } from '../token-refusal.ts'
import { type ClockReading, toElapsedMs } from '../verifier/clock.ts'
import type { RevocationState } from '../verifier/revocation-state.ts'
import { toTokenSubjects } from '../verifier/to-token-subjects.ts'
import { toLeadMs } from './to-lead-ms.ts'
import type { Known, WatchedCall } from './watched-call.ts'

/** Calls whose tokens the view of revocations judges. */
export interface FollowedCalls {
  /** Adds a call; why it may not go on where the view says so already. */
  add(call: WatchedCall, now: ClockReading): AuthError | undefined
  remove(call: WatchedCall): void
  /** Reads how fresh the view is; the calls that may not go on, by R or because their tokens have expired. */
  look(now: ClockReading, earliestNowMs: number): { readonly call: WatchedCall; readonly error: AuthError }[]
  /** Hands over the calls that the view leaves without an answer soon, or has, with their ages. */
  forEachOld(now: ClockReading, judge: (call: WatchedCall, ageMs: number) => void): void
  /** Whether the view is FRESH for this call. */
  isCovered(call: WatchedCall): boolean
  all(): WatchedCall[]
}

/** Calls with the same S. */
interface Group {
  readonly maxStalenessMs: number
  readonly calls: Set<WatchedCall>
  /** By the view, for all of them. */
  known: Known | undefined
  isFresh: boolean
}

/** Makes an empty set of followed calls. While the view is FRESH a look costs the same however many calls there are. */
export function makeFollowedCalls(revocations: RevocationState): FollowedCalls {
  return new Followed(revocations)
}

class Followed implements FollowedCalls {
  readonly #revocations: RevocationState
  readonly #groups = new Map<number, Group>()
  /** By the Unix second of their tokens' `exp`; without those that may continue. */
  readonly #byExpiry = new Map<number, Set<WatchedCall>>()

  constructor(revocations: RevocationState) {
    this.#revocations = revocations
  }

  add(call: WatchedCall, now: ClockReading): AuthError | undefined {
    if (this.#isRevoked(call)) return tokenRefusal('REVOKED')
    const { maxStalenessMs } = call
    let group = this.#groups.get(maxStalenessMs)
    if (group === undefined) {
      group = { maxStalenessMs, calls: new Set(), known: undefined, isFresh: false }
      this.#groups.set(maxStalenessMs, group)
      this.#read(group, now)
    }
    group.calls.add(call)
    if (call.admission.rules.onExpiry === 'continue') return undefined
    const second = toExpirySecond(call)
    const expiring = this.#byExpiry.get(second)
    if (expiring === undefined) this.#byExpiry.set(second, new Set([call]))
    else expiring.add(call)
    return undefined
  }

  remove(call: WatchedCall): void {
    const group = this.#groups.get(call.maxStalenessMs)
    group?.calls.delete(call)
    if (group?.calls.size === 0) this.#groups.delete(call.maxStalenessMs)
    const second = toExpirySecond(call)
    const expiring = this.#byExpiry.get(second)
    expiring?.delete(call)
    if (expiring?.size === 0) this.#byExpiry.delete(second)
  }

  look(now: ClockReading, earliestNowMs: number): { call: WatchedCall; error: AuthError }[] {
    const ending: { call: WatchedCall; error: AuthError }[] = []
    for (const [second, calls] of this.#byExpiry) {
      if (second * 1000 > earliestNowMs) continue
      for (const call of calls) ending.push({ call, error: tokenRefusal('EXPIRED') })
    }
    for (const group of this.#groups.values()) {
      const viewAgeMs = toAgeMs(group.known, now)
      const wasFresh = group.isFresh && viewAgeMs <= group.maxStalenessMs
      this.#read(group, now)
      if (wasFresh || !group.isFresh) continue
      for (const call of group.calls) {
        const error = this.#judgeAgain(call, Math.min(viewAgeMs, toAgeMs(call.known, now)))
        if (error !== undefined) ending.push({ call, error })
      }
    }
    return ending
  }

  forEachOld(now: ClockReading, judge: (call: WatchedCall, ageMs: number) => void): void {
    for (const { maxStalenessMs, calls, known } of this.#groups.values()) {
      const viewAgeMs = toAgeMs(known, now)
      if (viewAgeMs <= maxStalenessMs - toLeadMs(maxStalenessMs)) continue
      for (const call of calls) judge(call, Math.min(viewAgeMs, toAgeMs(call.known, now)))
    }
  }

  isCovered(call: WatchedCall): boolean {
    return this.#revocations.readFreshness(call.maxStalenessMs).state === 'FRESH'
  }

  all(): WatchedCall[] {
    return [...this.#groups.values()].flatMap(({ calls }) => [...calls])
  }

  /** A view that is STALE knows less well, and how much less; with UNKNOWN what was known before still holds, and grows old. */
  #read(group: Group, now: ClockReading): void {
    const { state, ageMs } = this.#revocations.readFreshness(group.maxStalenessMs)
    if (ageMs !== undefined) group.known = { at: now, ageMs }
    group.isFresh = state === 'FRESH'
  }

  /** FRESH again: all that was heard meanwhile has ended what it named, and this finds what was not heard. */
  #judgeAgain(call: WatchedCall, ageMs: number): AuthError | undefined {
    if (this.#isRevoked(call)) return tokenRefusal('REVOKED')
    // For longer than S nobody knew: its entry may have come and gone unheard (R11).
    const isForgotten = toExpirySecond(call) <= this.#revocations.view.horizonSeconds
    return ageMs > call.maxStalenessMs && isForgotten ? tokenRefusal('EXPIRED') : undefined
  }

  #isRevoked({ accepted }: WatchedCall): boolean {
    if (accepted === undefined) return false
    return this.#revocations.view.isRevoked(toTokenSubjects(accepted.claims, accepted.keyId))
  }
}

function toExpirySecond({ principal }: WatchedCall): number {
  return Math.ceil(principal.expiresAt.getTime() / 1000)
}

function toAgeMs(known: Known | undefined, now: ClockReading): number {
  return known === undefined ? Number.POSITIVE_INFINITY : known.ageMs + toElapsedMs(known.at, now)
}

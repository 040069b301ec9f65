import { createHmac, type KeyObject } from 'node:crypto'
import type { ErrorReasonName } from '@immersiverse/auth-contract'
import type { Clock } from '../domain/clock.ts'
import type { Counters, FullCount, TakenCount } from '../domain/counter.ts'
import { AuthError } from '../domain/errors.ts'
import type { LimitName, LimitState, Limits } from '../domain/limit.ts'
import { makeLeasedCounters } from './leased-counters.ts'
import type { LeasedCount } from './make-leases.ts'
import { makeRefusalMemory } from './refusal-memory.ts'

/** What an attempt counts in: one subject, such as an address, of one limit. */
export interface Counted {
  readonly limit: LimitName
  /** Stored as a keyed hash only. */
  readonly subject: string
}

/** An attempt that was counted before it is made. */
export interface Attempt {
  /** Whether it was the last that one of its limits allows: if it fails, the next one is refused. */
  readonly isLast: boolean
  /** It was none of the attempts that are limited: takes back what was counted, but for the limits named. */
  giveBack(keep?: readonly LimitName[]): Promise<void>
}

/** Limits attempts. */
export interface Throttle {
  /**
   * Counts an attempt in all of its limits, before anything costly is done for it.
   * @throws AuthError with `reason` and `retryAfterMs` where one of them has no room, and DATABASE_UNAVAILABLE.
   */
  begin(reason: ErrorReasonName, counted: readonly Counted[]): Promise<Attempt>
  /**
   * Counts a failure that has happened and cost little.
   * @throws AuthError as `begin`, from the first failure on that is one too many.
   */
  fail(reason: ErrorReasonName, counted: readonly Counted[]): Promise<void>
  /** Refuses as `fail` has refused before on this instance, without asking; returns where it has not. */
  recall(reason: ErrorReasonName, counted: readonly Counted[]): void
  /** Forgets what was counted of these subjects. */
  clear(counted: readonly Counted[]): Promise<void>
  /** What is counted of these subjects. */
  list(counted: readonly Counted[]): Promise<LimitState[]>
}

/** What {@link makeThrottle} needs. */
export interface ThrottleOptions {
  readonly limits: Limits
  readonly counters: Counters
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Keys the hashes: whoever reads the counters cannot find names or addresses by trying. */
  readonly keyRing: { readonly fingerprintKey: KeyObject }
  /** Told of every refusal. Must not throw. */
  readonly onRefused: (reason: ErrorReasonName) => void
}

interface Counter extends LeasedCount {
  readonly name: LimitName
}

/**
 * How long an instance refuses by itself what the counters have just refused: a flood then asks ten times a second, and whoever is let in
 * again, by an operator or because an attempt was given back, waits no longer than this.
 */
const refusedAgainMs = 100

/** Of counters in which everybody's attempts meet, an instance takes this share of the limit in advance. */
const leasedShare: Readonly<Partial<Record<LimitName, number>>> = { login_total: 0.01 }

const nothing: Attempt = Object.freeze({ isLast: false, giveBack: async () => undefined })

/** Makes the limits of attempts. */
export function makeThrottle({ limits, keyRing, clock, onRefused, ...options }: ThrottleOptions): Throttle {
  const counters = makeLeasedCounters(options.counters, clock)
  const [memory, recent] = [makeRefusalMemory(clock), makeRefusalMemory(clock)]
  const toCounters = (counted: readonly Counted[]) =>
    counted.flatMap(({ limit: name, subject }) =>
      limits[name].map(({ count: limit, windowMs }): Counter => {
        const hash = createHmac('sha256', keyRing.fingerprintKey).update(`limit ${name} ${subject}`)
        const key = `${name}.${windowMs}.${hash.digest('base64url').slice(0, 24)}`
        const lease = Math.floor(limit * (leasedShare[name] ?? 0))
        return { name, key, limit, windowMs, lease }
      }),
    )
  const toKeys = (counted: readonly Counted[]) => toCounters(counted).map(({ key }) => key)
  const refuse = (reason: ErrorReasonName, retryAfterMs: number) => {
    onRefused(reason)
    return new AuthError(reason, { retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) })
  }
  return {
    begin: async (reason, counted) => {
      const wanted = toCounters(counted)
      if (wanted.length === 0) return nothing
      const remainingMs = recent.findRemainingMs(wanted.map(({ key }) => key))
      if (remainingMs !== undefined) throw refuse(reason, remainingMs)
      const answer = await counters.take(wanted)
      if (answer.isAllowed) return toAttempt(counters, wanted, answer.taken)
      recent.remember(answer.full, refusedAgainMs)
      throw refuse(reason, toRetryAfterMs(answer.full))
    },
    fail: async (reason, counted) => {
      const wanted = toCounters(counted)
      if (wanted.length === 0) return
      const answer = await counters.take(wanted)
      if (answer.isAllowed) return
      memory.remember(answer.full)
      throw refuse(reason, toRetryAfterMs(answer.full))
    },
    recall: (reason, counted) => {
      const remainingMs = memory.findRemainingMs(toKeys(counted))
      if (remainingMs !== undefined) throw refuse(reason, remainingMs)
    },
    clear: async (counted) => {
      const keys = toKeys(counted)
      await counters.clear(keys)
      recent.forget(keys)
    },
    list: async (counted) => {
      const known = new Map(toCounters(counted).map((counter) => [counter.key, counter]))
      const states = await counters.list([...known.keys()])
      return states.flatMap(({ key, count, remainingMs }) => {
        const counter = known.get(key)
        return counter ? [{ limit: counter.name, count, allowed: counter.limit, remainingMs }] : []
      })
    },
  }
}

function toRetryAfterMs(full: readonly FullCount[]): number {
  return Math.max(...full.map(({ remainingMs }) => remainingMs))
}

function toAttempt(counters: Counters, wanted: readonly Counter[], taken: readonly TakenCount[]): Attempt {
  const byKey = new Map(wanted.map((counter) => [counter.key, counter]))
  return {
    isLast: taken.some(({ key, count }) => count === byKey.get(key)?.limit),
    giveBack: async (keep = []) => {
      await counters.giveBack(taken.filter(({ key }) => !keep.some((name) => name === byKey.get(key)?.name)))
    },
  }
}

import { AuthError } from '../auth-error.ts'
import type { Principal } from '../principal.ts'
import { unavailable } from '../unavailable.ts'
import type { Verify } from '../verify.ts'
import type { Clock } from './clock.ts'
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  makeCircuitBreaker,
} from './make-circuit-breaker.ts'
import { type JoinedCalls, makeJoinedCalls } from './make-joined-calls.ts'

/** What a fallback is made of. */
export interface FallbackOptions extends Omit<CircuitBreakerOptions, 'clock' | 'random'> {
  /** ValidateToken: the state of the database after the call began. */
  readonly ask: Verify
  readonly clock: Clock
  /** 0 to 1, for jitter; default Math.random. */
  readonly random?: () => number
  /** From the question to its answer, waiting for an earlier call included; default 2,000. */
  readonly deadlineMs?: number
  /** Default: one that looks at all questions. */
  readonly joinCalls?: JoinedCalls<Principal>
}

/** Asks ValidateToken without overrunning it. */
export interface Fallback {
  /** Rejects with AuthError: what ValidateToken says, or UNAVAILABLE where it does not say anything in time. */
  readonly verify: Verify
  readonly breaker: Pick<CircuitBreaker, 'state'>
}

/**
 * Makes the way out for when the view cannot tell: equal questions share a call that is sent after they were asked, each has a deadline,
 * and a circuit breaker keeps all of them from a service that does not answer.
 */
export function makeFallback(options: FallbackOptions): Fallback {
  const {
    ask,
    clock,
    deadlineMs = 2_000,
    random = Math.random,
    joinCalls = makeJoinedCalls<Principal>(),
  } = options
  const breaker = makeCircuitBreaker({ ...options, random })

  async function call(...question: Parameters<Verify>): Promise<Principal> {
    const report = breaker.enter()
    if (report === 'OPEN')
      throw unavailable('AUTH_UNREACHABLE', 'the auth service does not answer; not asked')
    if (report === 'FULL') throw unavailable('TOO_MANY_WAITING', 'too many requests wait for verification')
    try {
      const principal = await within(clock, deadlineMs, ask(...question))
      report(true)
      return principal
    } catch (error) {
      report(!isOutage(error))
      if (error instanceof AuthError || error instanceof TypeError) throw error
      throw unavailable('AUTH_UNREACHABLE', 'the access token could not be verified', error)
    }
  }

  const verify: Verify = (token, { audience = '', requiredRoles = [] } = {}) => {
    const key = JSON.stringify([token, audience, requiredRoles])
    const answer = joinCalls(key, () => call(token, { ...(audience && { audience }), requiredRoles }))
    return within(clock, deadlineMs, answer)
  }
  return { verify, breaker }
}

/** An answer about the token is none, and neither is a question that may not be asked (TypeError). */
function isOutage(error: unknown): boolean {
  if (error instanceof AuthError) return error.code === 'UNAVAILABLE'
  return !(error instanceof TypeError)
}

/** Settles as the promise does, or rejects with UNAVAILABLE after that time. */
async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const late = clock.sleep(ms, settled.signal).then(() => {
    throw unavailable('DEADLINE_EXCEEDED', 'the auth service did not answer in time')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => undefined)
    settled.abort()
  }
}

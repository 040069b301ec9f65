import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import type { Random } from '../make-random.ts'
import type { Calls, Replica } from '../world/world.ts'
import { isPassing } from './is-passing.ts'

/** How a call ended that was tried until somebody knew. */
export interface KnownEnd<T> {
  /** Undefined: refused for good, or given up. */
  readonly answer: T | undefined
  /** Why it was refused for good. */
  readonly refusal: RpcError | undefined
  /** Attempts of which nobody knows whether they took place, or still will. */
  readonly unknown: number
}

const giveUpAfterMs = 60_000

/** Calls one replica or the other until one answers OK or refuses, or for a minute. */
export async function callUntilKnown<T>(
  replicas: readonly Replica[],
  random: Random,
  signal: AbortSignal,
  call: (calls: Calls) => Promise<T>,
): Promise<KnownEnd<T>> {
  const endMs = performance.now() + giveUpAfterMs
  let unknown = 0
  while (!signal.aborted && performance.now() < endMs) {
    try {
      return { answer: await call(random.pick(replicas).users), refusal: undefined, unknown }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      if (!isPassing(error)) return { answer: undefined, refusal: error, unknown }
      unknown += 1
    }
    await sleep(random.whole(50, 250))
  }
  return { answer: undefined, refusal: undefined, unknown }
}

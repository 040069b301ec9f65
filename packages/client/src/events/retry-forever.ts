import { setTimeout as sleep } from 'node:timers/promises'
import { makeBackoff } from '../make-backoff.ts'

/** How retries are spaced and reported. */
export interface RetryOptions {
  readonly firstMs: number
  readonly maxMs: number
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown, attempt: number) => void
}

/**
 * Does the work until it succeeds, waiting between attempts with exponential backoff and jitter; says whether it did. False only when the
 * signal was aborted meanwhile, and never during an attempt: what has begun is awaited.
 */
export async function retryForever(work: () => unknown, options: RetryOptions): Promise<boolean> {
  const { signal } = options
  const backoff = makeBackoff(options)
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      await work()
      return true
    } catch (error) {
      options.onFailure(error, attempt)
    }
    await waitFor(backoff.next(), signal)
  }
  return false
}

/** Waits, at most until the signal is aborted. Never rejects. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

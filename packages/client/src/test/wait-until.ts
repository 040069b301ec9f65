import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when the condition holds; rejects after `timeoutMs` (default 5,000) with what was waited for. */
export async function waitUntil(what: string, condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`timed out: ${what}`)
    await sleep(2)
  }
}

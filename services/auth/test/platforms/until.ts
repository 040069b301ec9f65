import { setTimeout } from 'node:timers/promises'

/** Waits until a condition holds; rejects after 20 s. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`it never held: ${holds}`)
    await setTimeout(20)
  }
}

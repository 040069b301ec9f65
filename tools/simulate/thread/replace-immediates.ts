import { createRequire, syncBuiltinESMExports } from 'node:module'

const resolved = Promise.resolve()
let realTurn: (() => Promise<void>) | undefined

/**
 * Makes `setImmediate`, of the globals and of `node:timers/promises`, run as a `nextTick` after all promises have come to rest, in this whole
 * thread and for good: the next turn of the event loop is part of the world that is simulated, and a real turn costs ten times as much.
 * Call it before anything of the simulation runs; idempotent. Only for threads that simulate and do nothing else. Returns a wait for a
 * real turn.
 */
export function replaceImmediates(): () => Promise<void> {
  if (realTurn !== undefined) return realTurn
  const real = globalThis.setImmediate
  realTurn = () => new Promise((resolve) => real(resolve))
  const nextTurn = (call: (...args: unknown[]) => void, ...args: unknown[]) =>
    void resolved.then(() => process.nextTick(call, ...args))
  const timers = createRequire(import.meta.url)('node:timers/promises') as { setImmediate: unknown }
  timers.setImmediate = (value: unknown) => new Promise((resolve) => nextTurn(() => resolve(value)))
  syncBuiltinESMExports()
  globalThis.setImmediate = nextTurn as unknown as typeof setImmediate
  return realTurn
}

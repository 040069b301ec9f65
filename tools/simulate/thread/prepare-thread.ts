import { leaveUnfrozen } from './leave-unfrozen.ts'
import { rememberKeys } from './remember-keys.ts'
import { replaceAbortSignals } from './replace-abort-signals.ts'
import { replaceImmediates } from './replace-immediates.ts'
import { replaceMacs } from './replace-macs.ts'

/**
 * Makes this whole thread, for good, one that simulates and does nothing else: what is replaced of Node means the same and costs less.
 * Call it before anything of the simulation runs; idempotent. Returns a wait for a real turn of the event loop.
 */
export function prepareThread(): () => Promise<void> {
  leaveUnfrozen()
  replaceAbortSignals()
  rememberKeys()
  replaceMacs()
  return replaceImmediates()
}

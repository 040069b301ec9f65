import type { Clock } from './clock.ts'

/**
 * Aborts `target` after that time, or with `signal` and its reason. Aborting what it returns calls that off.
 */
export function abortAfter(
  clock: Clock,
  ms: number,
  target: AbortController,
  signal: AbortSignal,
): AbortController {
  const calledOff = new AbortController()
  void clock.sleep(ms, AbortSignal.any([calledOff.signal, signal])).then(() => {
    if (calledOff.signal.aborted) return
    target.abort(signal.aborted ? signal.reason : new Error(`took longer than ${ms} ms`))
  })
  return calledOff
}

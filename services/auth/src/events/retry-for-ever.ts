import type { Term } from './lead.ts'
import type { RelayStatus } from './relay.ts'

const firstDelayMs = 100
const longestDelayMs = 5000

/**
 * Calls the sink until it succeeds, with growing and jittered pauses, and keeps `status.brokerUp`. Returns false when `stop`
 * aborted first, or when the process is closing and the call at hand failed.
 */
export async function retryForEver(
  call: () => Promise<void>,
  fault: string,
  { clock, closing, complain, log, random, status }: Term<RelayStatus>,
  stop: AbortSignal,
): Promise<boolean> {
  const halt = AbortSignal.any([stop, closing])
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    try {
      await call()
      if (status.brokerUp === false) log.info({ attempt }, 'the event sink works again')
      status.brokerUp = true
      return true
    } catch (error) {
      if (halt.aborted) return false
      status.brokerUp = false
      complain(error, fault)
      const delayMs = Math.min(firstDelayMs * 2 ** Math.min(attempt, 10), longestDelayMs)
      await clock.sleep(delayMs * (0.5 + random() / 2), halt)
    }
  }
  return false
}

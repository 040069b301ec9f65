import type { LaneStatus } from './lane-runner.ts'
import type { Term } from './lead.ts'

/** What is known of a lane's sink. */
export interface SinkStatus extends LaneStatus {
  /** Whether the last call to the sink succeeded. */
  brokerUp?: boolean
}

const firstDelayMs = 100
const longestDelayMs = 5000

/**
 * Calls the sink until it succeeds, with growing and jittered pauses, and keeps `status.brokerUp`. Returns false when `stop`
 * aborted first, or when the process is closing and the call at hand failed.
 */
export async function retryForEver(
  call: () => Promise<void>,
  fault: string,
  term: Pick<Term, 'clock' | 'closing' | 'complain' | 'log' | 'random'> & {
    readonly status: SinkStatus
    /** How long a pause may become; 5,000 by default. */
    readonly retryAtMostMs?: number
  },
  stop: AbortSignal,
): Promise<boolean> {
  const { clock, closing, complain, log, random, status, retryAtMostMs = longestDelayMs } = term
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
      const delayMs = Math.min(firstDelayMs * 2 ** Math.min(attempt, 10), retryAtMostMs)
      await clock.sleep(delayMs * (0.5 + random() / 2), halt)
    }
  }
  return false
}

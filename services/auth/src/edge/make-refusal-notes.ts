import type { Log } from '../deps.ts'
import type { Clock } from '../domain/clock.ts'
import type { TransportRefusal } from '../rpc/limits/transport-limits.ts'
import type { Metrics, Transport } from './metrics.ts'

/** What becomes of refusals of the transport. */
export interface RefusalNotes {
  note(transport: Transport, refusal: TransportRefusal, address: string): void
}

const lineEveryMs = 10_000

/** Counts all, and writes a line for the first of a kind and then every 10 s at most: whoever attacks must not fill the log. */
export function makeRefusalNotes(
  log: Log,
  metrics: Pick<Metrics, 'observeRefusal'>,
  clock: Pick<Clock, 'monotonicMs'>,
): RefusalNotes {
  const kinds = new Map<string, { loggedMs: number; since: number }>()
  return {
    note(transport, refusal, ip) {
      metrics.observeRefusal(transport, refusal)
      const key = `${transport} ${refusal}`
      const kind = kinds.get(key) ?? { loggedMs: Number.NEGATIVE_INFINITY, since: 0 }
      kinds.set(key, kind)
      kind.since += 1
      const nowMs = clock.monotonicMs()
      if (nowMs - kind.loggedMs < lineEveryMs) return
      log.warn({ transport, refusal, ip, count: kind.since }, 'connection or call refused by the transport')
      kind.loggedMs = nowMs
      kind.since = 0
    },
  }
}

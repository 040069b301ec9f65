import type { Clock } from '../domain/clock.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import type { EventsLog } from './log.ts'

/** Logs a fault, and the same fault again only after half a minute. */
export type Complain = (error: unknown, message: string) => void

const repeatAfterMs = 30_000

/** Makes a {@link Complain} that remembers what it has said. */
export function makeComplain(log: EventsLog, clock: Clock): Complain {
  const saidAt = new Map<string, number>()
  return (error, message) => {
    const fault = `${message}: ${error instanceof Error ? error.message : error}`
    const now = clock.monotonicMs()
    for (const [known, at] of saidAt) if (now - at >= repeatAfterMs) saidAt.delete(known)
    if (saidAt.has(fault)) return
    saidAt.set(fault, now)
    log.warn({ err: toLogCause(error) }, message)
  }
}

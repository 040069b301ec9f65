import type { Stretch } from './make-fault-times.ts'
import type { EventsResult } from './run-events.ts'

/** A commit so shortly before a fault may be published behind it: it counts for neither. */
const marginMs = 1_000

/** The result of a run as text. */
export function toEventsReport(result: EventsResult): string {
  const { committed, events, log, times, tallies, drainsMs, longTransaction, topics, heartbeats } = result
  const faults = [...tallies].map(([what, n]) => [what.replace('fault: ', ''), n] as const)
  faults.sort(([a], [b]) => a.localeCompare(b))
  const attempts = log.operations.flatMap((operation) => operation.attempts)
  const count = (has: (outcome: string | undefined) => boolean) =>
    attempts.filter(({ outcome }) => has(outcome)).length
  const kinds = Object.entries(Object.groupBy(log.operations, ({ kind }) => kind))
  const lines = [
    `${(result.tookMs / 1000).toFixed(0)} s with start and end`,
    `faults: ${faults.reduce((sum, [, n]) => sum + n, 0)} (${faults.map(([what, n]) => `${what} ${n}`).join(', ')})`,
    `calls: ${attempts.length}, answered OK ${count((outcome) => outcome === 'OK')}, refused ${count((outcome) => outcome !== undefined && outcome !== 'OK')}, without an answer ${count((outcome) => outcome === undefined)}`,
    `       ${kinds.map(([kind, of = []]) => `${kind} ${of.length}`).join(', ')}`,
    `events: ${committed.events.length} committed, ${events.length} records on the topics, ${topics.repetitions} of them repetitions`,
    `revocations: ${committed.revocations.length}, ${heartbeats.repetitions} repetitions, ${heartbeats.heartbeats} heartbeats`,
    result.states &&
      `states of users: ${result.states.states} records, ${result.states.heartbeats} heartbeats on 12 partitions`,
    `commit → topic outside of faults: ${tellTimes(listLatencies(result, times.calm))}`,
    drainsMs.length === 0
      ? ''
      : `last heal → all published: longest ${(Math.max(...drainsMs) / 1000).toFixed(1)} s of ${drainsMs.length}`,
    ...(longTransaction === undefined ? [] : tellLongTransaction(result, longTransaction)),
  ]
  return lines.filter((line) => line !== '' && line !== undefined).join('\n')
}

function listLatencies(
  { committed, topics: { firsts } }: EventsResult,
  stretches: readonly Stretch[],
): number[] {
  return committed.events.flatMap(({ id, occurredAt }) => {
    const atMs = occurredAt.getTime()
    const first = firsts.get(id)
    return first === undefined || !isWithin(atMs, stretches) ? [] : [first.appendedAtMs - atMs]
  })
}

function tellLongTransaction(result: EventsResult, open: Stretch): string[] {
  const { log, times } = result
  const durations = (isOpen: boolean) =>
    log.operations
      .flatMap(({ attempts }) => attempts)
      .filter(({ startedAtMs, endedAtMs = 0, outcome }) => {
        const wasOpen = startedAtMs >= open.fromMs && endedAtMs <= open.toMs
        return outcome === 'OK' && wasOpen === isOpen && isWithin(startedAtMs, times.calm)
      })
      .map(({ startedAtMs, endedAtMs = startedAtMs }) => endedAtMs - startedAtMs)
  const calm = times.calm.flatMap(({ fromMs, toMs }) => {
    const [from, to] = [Math.max(fromMs, open.fromMs), Math.min(toMs, open.toMs)]
    return from < to ? [{ fromMs: from, toMs: to }] : []
  })
  return [
    `a foreign write transaction was open for ${((open.toMs - open.fromMs) / 1000).toFixed(0)} s; outside of faults:`,
    `  calls meanwhile ${tellTimes(durations(true))}; else ${tellTimes(durations(false))}`,
    `  commit → topic meanwhile ${tellTimes(listLatencies(result, calm))}`,
  ]
}

function isWithin(atMs: number, stretches: readonly Stretch[]): boolean {
  return stretches.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs - marginMs)
}

function tellTimes(timesMs: readonly number[]): string {
  if (timesMs.length === 0) return 'none'
  const sorted = [...timesMs].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (${sorted.length})`
}

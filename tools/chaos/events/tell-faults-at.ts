import type { FaultTimes } from './make-fault-times.ts'

/** What was wrong at a moment, or the fault that ended last before it. */
export function tellFaultsAt({ faults }: Pick<FaultTimes, 'faults'>, atMs: number | undefined): string {
  if (atMs === undefined) return 'at no one moment'
  const before = faults.filter(({ fromMs }) => fromMs <= atMs)
  const during = before.filter(({ toMs }) => atMs <= toMs)
  const [fault] = during.length > 0 ? [] : before.sort((a, b) => b.toMs - a.toMs)
  if (fault !== undefined) return `${((atMs - fault.toMs) / 1000).toFixed(1)} s after ${fault.told}`
  return during.length > 0
    ? `during ${during.map(({ told }) => told).join(' and ')}`
    : 'before the first fault'
}

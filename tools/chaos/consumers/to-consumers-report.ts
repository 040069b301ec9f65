import type { ConsumersResult, GroupResult } from './run-consumers.ts'

/** The result of a run as text. */
export function toConsumersReport(result: ConsumersResult): string {
  const { groups, lived, kills, killingMs, drainMs, tookMs } = result
  const perKill = kills === 0 ? '' : `, one in ${(killingMs / kills / 1000).toFixed(2)} s`
  return [
    `${(tookMs / 1000).toFixed(0)} s with start and end; ${kills} kills in ${(killingMs / 1000).toFixed(0)} s${perKill}`,
    `events: ${lived.good} that can be handled, ${lived.poisoned} that cannot, or are none`,
    `handled ${(drainMs / 1000).toFixed(1)} s after the last fault`,
    ...groups.map(toLines),
  ].join('\n')
}

function toLines({ group, variant, effects, letters, told, faults, violations }: GroupResult): string {
  const kinds = [...faults].sort(([a], [b]) => a.localeCompare(b)).map(([what, n]) => `${what}: ${n}`)
  return [
    `${group}${variant === 'good' ? '' : ` (${variant})`}: ${effects} effects, ${letters} dead letters, ${violations.length} violations`,
    `  deliveries absorbed: ${told.absorbed} by the inbox, ${told.duplicates} by the memory of a process; ${told.failures} failed attempts`,
    `  ${kinds.join(', ')}`,
  ].join('\n')
}

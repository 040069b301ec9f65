import { epsilonMs } from '../load/probe-verifier.ts'
import type { RevocationResult } from '../run-revocation.ts'

/** The result of a run as text. */
export function toReport({ history, world, recoveriesMs, tookMs }: RevocationResult): string {
  const count = (prefix: string) =>
    [...history.tallies].filter(([what]) => what.startsWith(prefix)).sort(([a], [b]) => a.localeCompare(b))
  const sum = (prefix: string) => count(prefix).reduce((total, [, n]) => total + n, 0)
  const list = (prefix: string) =>
    count(prefix)
      .map(([what, n]) => `${what.slice(prefix.length)} ${n}`)
      .join(', ')
  const lines = [
    `${(tookMs / 1000).toFixed(0)} s with start and end`,
    `faults: ${sum('fault: ')} (${list('fault: ')})`,
    world.hasFalseClocks ? '' : 'clocks were right all the time: faketime is not installed',
    `revocations: ${sum('revocation: ')} (${list('revocation: ')})`,
    `revocations without an answer, which count as neither: ${history.tallies.get('revocations without an answer') ?? 0}`,
    `logins: ${history.tallies.get('logins') ?? 0}, refreshes: ${history.tallies.get('refreshes') ?? 0}`,
    recoveriesMs.length === 0
      ? ''
      : `recovery after faults: longest ${(Math.max(...recoveriesMs) / 1000).toFixed(1)} s of ${recoveriesMs.length}`,
    '',
    toTable(toRows({ history, world })),
  ]
  return lines.filter((line, n) => line !== '' || n === lines.length - 2).join('\n')
}

const columns = [
  'who',
  'probes',
  'accepts by view',
  'accepts asked',
  'refused',
  'unavailable',
  'worst accept after OK',
  'allowed',
  'detected in health (n, p50, p99, max)',
] as const

function toRows({ history, world }: Pick<RevocationResult, 'history' | 'world'>): string[][] {
  return [...history.counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([by, counts]) => {
      const verifier = world.verifiers.find(({ name }) => name === by)
      const detections = [...counts.detectionsMs].sort((a, b) => a - b)
      const at = (share: number) => `${quantile(detections, share).toFixed(0)}`
      return [
        verifier === undefined ? by : `${by} (${verifier.told})`,
        ...[counts.probes, counts.acceptedByView, counts.acceptedAfterAsking].map(String),
        ...[counts.refused, counts.unavailable].map(String),
        `${counts.worstAcceptMs.toFixed(0)} ms`,
        verifier === undefined ? '0 ms' : `${verifier.maxStalenessMs + epsilonMs} ms`,
        detections.length === 0 ? '–' : `${detections.length}, ${at(0.5)}, ${at(0.99)}, ${at(1)} ms`,
      ]
    })
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

function toTable(rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

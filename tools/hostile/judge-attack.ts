import { quantile } from '../chaos/broker-down/quantile.ts'
import type { AttackResult } from './run-attack.ts'

/** p99 of the good client in calm and during an attack, in milliseconds. */
export interface Figures {
  readonly calmMs: number
  readonly duringMs: number
}

/** During an attack p99 may be this many times as long, or this much longer, whichever is more: a few ms calm tell little as a ratio. */
export const limits = Object.freeze({ ratio: 3, addedMs: 20, memoryBytes: 64 * 1024 * 1024 })

/** The figures of one way to ask. */
export function toFigures({ calm, during }: AttackResult, of: 'grpc' | 'edge'): Figures {
  const p99 = ({ latenciesMs }: { readonly latenciesMs: readonly number[] }) =>
    quantile(
      latenciesMs.toSorted((a, b) => a - b),
      0.99,
    )
  return { calmMs: p99(calm[of]), duringMs: p99(during[of]) }
}

/**
 * What the attack has brought about that it must not, whatever the machine: failures, and what is left behind. `mustRefuse`: it lasted longer
 * than any patience of the service.
 */
export function findHarm(result: AttackResult, mustRefuse: boolean): string[] {
  const failures = [...result.during.grpc.failures, ...result.during.edge.failures]
  const harm =
    failures.length > 0 ? [`${failures.length} calls of the good client failed: ${failures[0]}`] : []
  if (result.connectionsLeft > 0)
    harm.push(`${result.connectionsLeft} connections are left: ${result.listeners}`)
  const { ends } = result.attack
  const isCut = result.refusals > 0 || (ends === 'closed' && result.tally.closed > 0)
  if (mustRefuse && ends !== 'bounded' && !isCut) harm.push('nothing was refused')
  if (result.tally.sent === 0) harm.push('there was no attack')
  return harm
}

/** What took too long or too much. */
export function findSlowness(result: AttackResult): string[] {
  const slow = (['grpc', 'edge'] as const).flatMap((of) => {
    const { calmMs, duringMs } = toFigures(result, of)
    const isLong = duringMs > Math.max(limits.ratio * calmMs, calmMs + limits.addedMs)
    return isLong ? [`${of}: p99 ${duringMs.toFixed(1)} ms, calm ${calmMs.toFixed(1)} ms`] : []
  })
  if (result.memoryGrowthBytes > limits.memoryBytes)
    slow.push(`${(result.memoryGrowthBytes / 2 ** 20).toFixed(0)} MiB of memory are left`)
  return slow
}

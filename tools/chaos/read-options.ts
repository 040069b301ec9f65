import { parseArgs } from 'node:util'
import type { VerifierVariant } from './world/verifier-variants.ts'

/** What the command line asks for. */
export interface ChaosOptions {
  readonly what: 'revocation' | 'races' | 'refresh' | 'events' | 'broker-down' | 'consumers' | 'rolling'
  readonly faults: number
  /** Kills of consumers. */
  readonly kills: number
  /** Races of all kinds together. */
  readonly count: number
  readonly seed: number
  readonly only: string
  readonly variant: VerifierVariant
  readonly source: 'watch' | 'kafka'
  /** How long a write transaction of somebody else is open, once in a run of events. */
  readonly foreignSeconds: number
  /** How long the broker is down at a time, and how often; how often all replicas are restarted. */
  readonly minutes: number
  readonly rounds: number
  readonly keep: boolean
}

/** How it is called. */
export const usage = `usage: npm run chaos -- revocation --faults N [--source watch|kafka] [--variant good|lag-0|allow-stale]
       npm run chaos -- refresh --faults N
       npm run chaos -- races --count N
       npm run chaos -- consumers --kills N
       npm run chaos -- events --faults N [--foreign-seconds N]
       npm run chaos -- broker-down --minutes N [--rounds N]
       npm run chaos -- rolling [--rounds N]
  --source      what verifier c follows; Kafka by default
  --seed N      draws the same faults again; the times differ
  --only TEXT   only faults whose kind and target hold it, such as "black hole a-auth1"
  --foreign-seconds N  how long somebody else's write transaction is open, once; 600 from 300 faults on, else 0
  --keep        leaves logs and timeline`

const names = ['revocation', 'races', 'refresh', 'events', 'broker-down', 'consumers', 'rolling'] as const
const variants = ['good', 'lag-0', 'allow-stale'] as const
const sources = ['watch', 'kafka'] as const

/** Reads the command line. Throws RangeError or TypeError for what it does not know. */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      faults: { type: 'string', default: '20' },
      kills: { type: 'string', default: '500' },
      count: { type: 'string', default: '10000' },
      seed: { type: 'string' },
      only: { type: 'string', default: '' },
      variant: { type: 'string', default: 'good' },
      source: { type: 'string', default: 'kafka' },
      'foreign-seconds': { type: 'string' },
      minutes: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  })
  const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31))
  const faults = toWhole('--faults', values.faults, 100_000)
  // The long form has one of ten minutes.
  const defaultForeignSeconds = faults >= 300 ? '600' : '0'
  return {
    what: toOneOf('the first argument', names, positionals[0]),
    faults,
    kills: toWhole('--kills', values.kills, 100_000),
    count: toWhole('--count', values.count, 1_000_000),
    seed: toWhole('--seed', seed, 2 ** 32),
    only: values.only,
    variant: toOneOf('--variant', variants, values.variant),
    source: toOneOf('--source', sources, values.source),
    foreignSeconds: toWhole('--foreign-seconds', values['foreign-seconds'] ?? defaultForeignSeconds, 3_600),
    minutes: toWhole('--minutes', values.minutes, 60),
    rounds: toWhole('--rounds', values.rounds, 100),
    keep: values.keep,
  }
}

function toWhole(name: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new RangeError(`${name} must be a whole number up to ${max}`)
}

function toOneOf<T extends string>(name: string, known: readonly T[], text: string | undefined): T {
  const found = known.find((one) => one === text)
  if (found === undefined) throw new RangeError(`${name} must be ${known.join(', ')}`)
  return found
}

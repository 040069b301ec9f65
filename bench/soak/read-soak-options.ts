import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface SoakOptions {
  readonly minutes: number
  readonly eventsPerSecond: number
  /** How long published events stay in the database. */
  readonly retentionMinutes: number
  /** A PostgreSQL to make a database on; undefined starts one of our own. */
  readonly databaseUrl: string | undefined
}

/** How the soak is called. */
export const usage =
  'usage: npm run soak -- [--minutes 60] [--rate 2500] [--retention 5] [--database URL]    (events a second; minutes)'

/** Reads the command line. Throws RangeError or TypeError for what it does not know. */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string', default: '2500' },
      retention: { type: 'string', default: '5' },
      database: { type: 'string' },
    },
  })
  const minutes = toNumber('--minutes', values.minutes, 1, 24 * 60)
  const retentionMinutes = toNumber('--retention', values.retention, 1, 60)
  if (minutes < retentionMinutes + 4) throw new RangeError('--minutes must be 4 above --retention at least')
  const eventsPerSecond = toNumber('--rate', values.rate, 1, 100_000)
  return { minutes, eventsPerSecond, retentionMinutes, databaseUrl: values.database }
}

function toNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new RangeError(`${name} must be a whole number, ${least} to ${most}`)
}

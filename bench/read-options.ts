import { parseArgs } from 'node:util'

/** The measurements, in the order they run. */
export const measurementNames = [
  'validate',
  'remote',
  'local',
  'login',
  'flood',
  'refresh',
  'revocation',
  'users',
  'events',
] as const

/** One of them. */
export type MeasurementName = (typeof measurementNames)[number]

/** What the command line asks for. */
export interface BenchOptions {
  readonly only: readonly MeasurementName[]
  /** How long each figure is measured, warm-up apart. */
  readonly seconds: number
  /** A PostgreSQL to make a database on; undefined starts one of our own. */
  readonly databaseUrl: string | undefined
  /** The embedded database instead of PostgreSQL. */
  readonly embedded: boolean
  /** A file for the figures as JSON. */
  readonly json: string | undefined
  /** A folder for CPU profiles of the server. */
  readonly profile: string | undefined
}

/** How the bench is called. */
export const usage = `usage: npm run bench -- [--only validate,remote,local,login,flood,refresh,revocation,users,events] [--seconds 6] [--database URL | --embedded]
                       [--json file] [--profile folder]`

/** Reads the command line. Throws RangeError or TypeError for what it does not know. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: measurementNames.join(',') },
      seconds: { type: 'string', default: '6' },
      database: { type: 'string' },
      embedded: { type: 'boolean', default: false },
      json: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const seconds = Number(values.seconds)
  if (!(seconds >= 0.5 && seconds <= 600)) throw new RangeError('--seconds must be 0.5 to 600')
  return {
    only: values.only.split(',').map(toMeasurementName),
    seconds,
    databaseUrl: values.embedded ? undefined : values.database || environment.DATABASE_URL || undefined,
    embedded: values.embedded,
    json: values.json,
    profile: values.profile,
  }
}

function toMeasurementName(text: string): MeasurementName {
  const name = measurementNames.find((one) => one === text.trim())
  if (name === undefined) throw new RangeError(`--only takes ${measurementNames.join(', ')}`)
  return name
}

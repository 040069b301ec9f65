import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** The configuration does not hold; `faults` has one line per variable. Exit code 78 (sysexits EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `${faults.length === 1 ? 'a setting is' : 'settings are'} not valid:\n${faults.map((f) => `  ${f}`).join('\n')}`,
    )
    this.faults = faults
  }
}

const units = Object.freeze({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 })

/** `10m`, `30d`, `500ms` as milliseconds. */
const duration = z.string().transform((text, context) => {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return Number(count) * units[unit as keyof typeof units]
  context.addIssue('must be a duration such as 500ms, 10s, 15m, 12h or 30d')
  return z.NEVER
})

/** A duration of an hour or more; `off` and `0` as Infinity: never. */
const rotation = z.string().transform((text, context) => {
  if (text === 'off' || text === '0') return Number.POSITIVE_INFINITY
  const ms = duration.safeParse(text).data
  if (ms !== undefined && ms >= units.h) return ms
  context.addIssue('must be a duration of 1h or more such as 30d, or off')
  return z.NEVER
})

/** `127.0.0.1:50051`, `[::1]:8080`; port 0 takes a free one. */
const listenAddress = z.string().transform((text, context) => {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  context.addIssue('must be host:port, such as 127.0.0.1:8080')
  return z.NEVER
})

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL with ${protocols.join(' or ')}//`,
  })

const databaseUrl = url('postgres:', 'postgresql:')
const brokers = z.string().transform((text, context) => {
  const list = text.split(',').map((broker) => broker.trim())
  if (list.every((broker) => /^[^:\s]+:\d{1,5}$/.test(broker))) return list
  context.addIssue('must be host:port, several with commas between')
  return z.NEVER
})

const variables = z.object({
  DATABASE_URL: databaseUrl.optional(),
  AUTH_DATABASE_DIRECT_URL: databaseUrl.optional(),
  AUTH_DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(10),
  AUTH_DATA_DIR: z.string().default('./data'),
  KAFKA_BROKERS: brokers.optional(),
  AUTH_TOPIC_PREFIX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
    .default('auth'),
  AUTH_EVENT_ENCODING: z.enum(['json', 'protobuf']).default('json'),
  AUTH_EVENT_RETENTION: duration.default(30 * units.d),
  AUTH_GRPC_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 50_051 }),
  AUTH_EDGE_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 8080 }),
  AUTH_ADMIN_LISTEN: listenAddress.default({ host: '127.0.0.1', port: 9090 }),
  AUTH_ALLOW_PLAINTEXT: z.enum(['true', 'false']).default('false'),
  AUTH_ISSUER: url('http:', 'https:').default('http://localhost:8080'),
  AUTH_AUDIENCE: z.string().min(1).max(256).default('immersiverse'),
  AUTH_SIGNING_ALGORITHM: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256'),
  AUTH_SIGNING_KEY_ROTATION: rotation.default(30 * units.d),
  AUTH_ACCESS_TTL: duration.default(10 * units.m),
  AUTH_REFRESH_IDLE_TTL: duration.default(30 * units.d),
  AUTH_REFRESH_MAX_TTL: duration.default(90 * units.d),
  AUTH_REFRESH_GRACE: duration.default(10 * units.s),
  AUTH_MASTER_KEY: z.string().optional(),
  AUTH_MASTER_KEY_FILE: z.string().optional(),
  AUTH_PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(128).default(12),
  AUTH_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** The settings, checked. */
export type Config = Omit<z.infer<typeof variables>, 'AUTH_MASTER_KEY' | 'AUTH_MASTER_KEY_FILE'> & {
  /** 32 bytes; undefined on the embedded database, which makes its own. */
  readonly masterKey: Uint8Array | undefined
}

/** Reads the environment, with `.env` of the working folder behind it. Throws ConfigError with all faults at once. */
export function readConfig(environment: NodeJS.ProcessEnv = readEnvironment()): Config {
  // An empty value is one that was not given, as in a shell or a compose file.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = variables.safeParse(given)
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  faults.push(...findUnsupported(given))
  const masterKey = readMasterKey(given, faults)
  if (!parsed.success) throw new ConfigError(faults)
  const { AUTH_MASTER_KEY: _key, AUTH_MASTER_KEY_FILE: _file, ...settings } = parsed.data
  faults.push(...findConflicts(settings))
  if (faults.length > 0) throw new ConfigError(faults)
  return { ...settings, masterKey }
}

function readEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return process.env
}

/** Settings of the contract that this version does not have. Ignored, they would leave open what somebody meant to close. */
const unsupported = /^(AUTH_TLS_|AUTH_CALLERS_FILE$|KAFKA_TLS|KAFKA_SASL_|DATABASE_OWNER_URL$)/

function findUnsupported(given: Record<string, string | undefined>): string[] {
  const names = Object.keys(given).filter((name) => unsupported.test(name))
  return names.map((name) => `${name}: not supported by this version`)
}

function findConflicts(settings: Omit<Config, 'masterKey'>): string[] {
  const faults: string[] = []
  for (const name of ['AUTH_GRPC_LISTEN', 'AUTH_EDGE_LISTEN', 'AUTH_ADMIN_LISTEN'] as const) {
    if (settings.AUTH_ALLOW_PLAINTEXT === 'true' || isLoopback(settings[name].host)) continue
    faults.push(
      `${name}: ${settings[name].host} is not loopback and has no TLS; AUTH_ALLOW_PLAINTEXT=true allows it`,
    )
  }
  if (settings.AUTH_REFRESH_IDLE_TTL > settings.AUTH_REFRESH_MAX_TTL) {
    faults.push('AUTH_REFRESH_IDLE_TTL: must not be above AUTH_REFRESH_MAX_TTL')
  }
  if (settings.AUTH_ACCESS_TTL < 1000 || settings.AUTH_ACCESS_TTL > units.d) {
    faults.push('AUTH_ACCESS_TTL: must be 1s to 1d')
  }
  return faults
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function readMasterKey(given: Record<string, string | undefined>, faults: string[]): Uint8Array | undefined {
  const { AUTH_MASTER_KEY: direct, AUTH_MASTER_KEY_FILE: file, DATABASE_URL } = given
  const name = direct === undefined ? 'AUTH_MASTER_KEY_FILE' : 'AUTH_MASTER_KEY'
  try {
    const text = direct ?? (file === undefined ? undefined : readFileSync(file, 'utf8').trim())
    if (text !== undefined) return parseMasterKey(text, name, faults)
  } catch (error) {
    faults.push(`${name}: ${(error as Error).message}`)
    return undefined
  }
  if (DATABASE_URL !== undefined) {
    faults.push('AUTH_MASTER_KEY: needed with DATABASE_URL; make one with: openssl rand -base64 32')
  }
  return undefined
}

function parseMasterKey(text: string, name: string, faults: string[]): Uint8Array | undefined {
  const key = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
  if (key.length === 32) return key
  faults.push(`${name}: must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32`)
  return undefined
}

import { z } from 'zod'
import { dataVariables } from './config/data-variables.ts'
import { findLimitConflicts, limitVariables } from './config/limit-variables.ts'
import { findListenerConflicts, listenerVariables } from './config/listener-variables.ts'
import { proxyVariables } from './config/proxy-variables.ts'
import { readMasterKey } from './config/read-master-key.ts'
import { findTokenConflicts, tokenVariables } from './config/token-variables.ts'

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

const variables = z.object({
  ...dataVariables,
  ...limitVariables,
  ...listenerVariables,
  ...proxyVariables,
  ...tokenVariables,
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
  faults.push(
    ...findListenerConflicts(settings),
    ...findTokenConflicts(settings),
    ...findLimitConflicts(settings),
  )
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

import { z } from 'zod'
import { auditVariables, findAuditConflicts } from './config/audit-variables.ts'
import { callerVariables, findCallerConflicts } from './config/caller-variables.ts'
import { dataVariables } from './config/data-variables.ts'
import { findLimitConflicts, limitVariables } from './config/limit-variables.ts'
import {
  findListenerConflicts,
  findPlaintextAddresses,
  listenerVariables,
} from './config/listener-variables.ts'
import { findNeighbourConflicts, neighbourVariables } from './config/neighbour-variables.ts'
import { passwordVariables } from './config/password-variables.ts'
import { platformVariables } from './config/platform-variables.ts'
import { proxyVariables } from './config/proxy-variables.ts'
import { readMasterKeys } from './config/read-master-keys.ts'
import { findPlatformConflicts, type PlatformConfig, readPlatforms } from './config/read-platforms.ts'
import { findTokenConflicts, tokenVariables } from './config/token-variables.ts'
import { findTransportConflicts, transportVariables } from './config/transport-variables.ts'

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
  ...auditVariables,
  ...dataVariables,
  ...limitVariables,
  ...listenerVariables,
  ...proxyVariables,
  ...platformVariables,
  ...tokenVariables,
  ...callerVariables,
  ...passwordVariables,
  ...neighbourVariables,
  ...transportVariables,
  AUTH_MASTER_KEY: z.string().optional(),
  AUTH_MASTER_KEY_FILE: z.string().optional(),
  AUTH_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** The settings, checked. */
export type Config = Omit<z.infer<typeof variables>, 'AUTH_MASTER_KEY' | 'AUTH_MASTER_KEY_FILE'> & {
  /** 32 bytes each, the first encrypts; undefined on the embedded database, which makes its own. */
  readonly masterKeys: readonly Uint8Array[] | undefined
  readonly platforms: readonly PlatformConfig[]
}

/** Reads the environment, with `.env` of the working folder behind it. Throws ConfigError with all faults at once. */
export function readConfig(environment: NodeJS.ProcessEnv = readEnvironment()): Config {
  // An empty value is one that was not given, as in a shell or a compose file.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = variables.safeParse(given)
  const faults = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const masterKeys = readMasterKeys(given, faults)
  const platforms = readPlatforms(given, faults)
  if (!parsed.success) throw new ConfigError(faults)
  const { AUTH_MASTER_KEY: _key, AUTH_MASTER_KEY_FILE: _file, ...settings } = parsed.data
  faults.push(...findListenerConflicts(settings), ...findTokenConflicts(settings))
  faults.push(...findCallerConflicts(settings), ...findLimitConflicts(settings))
  faults.push(...findAuditConflicts(settings))
  faults.push(...findNeighbourConflicts(settings))
  faults.push(...findTransportConflicts(settings), ...findPlaintextAddresses(settings))
  faults.push(...findPlatformConflicts(platforms, settings.PLATFORM_PRIVATE_HOSTS))
  if (faults.length > 0) throw new ConfigError(faults)
  return { ...settings, masterKeys, platforms }
}

function readEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return process.env
}

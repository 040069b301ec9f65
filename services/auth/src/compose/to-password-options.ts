import type { Config } from '../config.ts'
import { type PasswordOptions, toThreadBounds } from '../security/passwords.ts'

/** What configuration decides of hashing. */
export function toPasswordOptions(config: Config): Partial<PasswordOptions> {
  const { AUTH_HASHING_MEMORY_KIB: memoryKib, AUTH_HASHING_PASSES: passes } = config
  const { AUTH_HASHING_THREADS: threads } = config
  return { memoryKib, passes, ...(threads === undefined ? {} : toThreadBounds(threads)) }
}

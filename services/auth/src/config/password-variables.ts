import { statSync } from 'node:fs'
import { z } from 'zod'

const folder = z.string().refine(isFolder, { error: 'must be a folder that can be read' })

/** What a password must be, and what hashing it costs. The smallest cost is a row of OWASP ASVS 5.0, appendix C: it can only be raised. */
export const passwordVariables = {
  AUTH_BREACHED_PASSWORDS_DIR: folder.optional(),
  AUTH_PASSWORD_MIN_LENGTH: z.coerce.number().int().min(8).max(64).default(12),
  AUTH_HASHING_THREADS: z.coerce.number().int().min(1).max(64).optional(),
  AUTH_HASHING_MEMORY_KIB: z.coerce.number().int().min(19_456).max(1_048_576).default(19_456),
  AUTH_HASHING_PASSES: z.coerce.number().int().min(2).max(16).default(2),
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

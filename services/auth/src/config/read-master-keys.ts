import { readFileSync } from 'node:fs'

/**
 * The keys of 32 bytes that encrypt secrets at rest, several with commas or white space between: the first encrypts, all decrypt. Undefined where there is
 * none or where one does not hold, which `faults` then says.
 */
export function readMasterKeys(
  given: Record<string, string | undefined>,
  faults: string[],
): readonly Uint8Array[] | undefined {
  const { AUTH_MASTER_KEY: direct, AUTH_MASTER_KEY_FILE: file, DATABASE_URL } = given
  const name = direct === undefined ? 'AUTH_MASTER_KEY_FILE' : 'AUTH_MASTER_KEY'
  try {
    const text = direct ?? (file === undefined ? undefined : readFileSync(file, 'utf8'))
    if (text !== undefined) return parseMasterKeys(text, name, faults)
  } catch (error) {
    faults.push(`${name}: ${(error as Error).message}`)
    return undefined
  }
  if (DATABASE_URL !== undefined) {
    faults.push('AUTH_MASTER_KEY: needed with DATABASE_URL; make one with: openssl rand -base64 32')
  }
  return undefined
}

function parseMasterKeys(text: string, name: string, faults: string[]): readonly Uint8Array[] | undefined {
  const keys = text
    .trim()
    .split(/[\s,]+/)
    .map(toKey)
  if (keys.every((key) => key.length === 32)) return keys
  faults.push(`${name}: each key must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32`)
  return undefined
}

function toKey(text: string): Buffer {
  return /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
}

import { readFileSync } from 'node:fs'

/** The 32 bytes that encrypt keys at rest; undefined where there is none or where it does not hold, which `faults` then says. */
export function readMasterKey(
  given: Record<string, string | undefined>,
  faults: string[],
): Uint8Array | undefined {
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

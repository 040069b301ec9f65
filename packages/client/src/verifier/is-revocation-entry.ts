import type { RevocationEntry } from './revocation.ts'

const subjectMax = 512

/**
 * Whether a value is an entry that can be judged: a known type, a subject of 1 to 512 characters, numbers that are whole, dates that are
 * dates. What is not must be a doubt, never skipped: it may be the revocation that mattered.
 */
export function isRevocationEntry(value: unknown): value is RevocationEntry {
  if (typeof value !== 'object' || value === null) return false
  const { type, subject, minTv, until, expiresAt } = value as Readonly<Record<string, unknown>>
  if (typeof subject !== 'string' || subject === '' || subject.length > subjectMax) return false
  switch (type) {
    case 'token':
    case 'session':
      return isExpiry(expiresAt)
    case 'user':
      return isCount(minTv) && isExpiry(expiresAt)
    case 'key':
      return true
    case 'issuer':
      return isCount(until)
    default:
      return false
  }
}

/** Whether a value is a whole number from 0 that is exact. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isExpiry(value: unknown): boolean {
  return value === undefined || (value instanceof Date && !Number.isNaN(value.getTime()))
}

import { findMaker, type KeyTimes, toLeadMs } from '../domain/key-life.ts'
import type { Database } from '../store/database.ts'
import { readKeys } from '../store/keys.ts'
import type { Finding } from './finding.ts'
import { toDuration } from './to-duration.ts'

const check = 'signing key'
/** A rotation is looked for every ten seconds: beyond this it does not happen. */
const overdueMs = 3_600_000

/** Looks how old the signing key is, and when the next one takes its place. Throws AuthError DATABASE_UNAVAILABLE on a standby. */
export async function checkKeys({ kysely }: Database, times: KeyTimes): Promise<Finding[]> {
  const { asOf, keys } = await readKeys(kysely)
  const signing = keys.filter(({ purpose }) => purpose === 'signing')
  const current = findMaker(signing, asOf)
  if (current === undefined) {
    const remedy = 'start a service: it makes one'
    return [{ check, severity: 'error', what: 'there is none: nobody can log in', remedy }]
  }
  const ageMs = asOf.getTime() - current.signsFrom.getTime()
  const next = signing.find(({ revokedAt, signsFrom }) => revokedAt === undefined && signsFrom > asOf)
  const untilMs = next ? next.signsFrom.getTime() - asOf.getTime() : times.rotationMs - ageMs
  const dueMs = times.rotationMs + toLeadMs('signing', times) + overdueMs
  const what = `${current.id} signs since ${toDuration(Math.max(0, ageMs))}`
  if (next === undefined && ageMs > dueMs) {
    const remedy =
      'see that a service runs and its log names no failed rotation; authctl keys rotate plans one'
    const late = `${what}, longer than AUTH_SIGNING_KEY_ROTATION (${toDuration(times.rotationMs)})`
    return [{ check, severity: 'warning', what: late, remedy }]
  }
  const successor = untilMs === Number.POSITIVE_INFINITY ? 'never' : `in ${toDuration(Math.max(0, untilMs))}`
  return [{ check, severity: 'ok', what: `${what}; the next one takes over ${successor}` }]
}

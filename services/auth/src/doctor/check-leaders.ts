import type { Clock } from '../domain/clock.ts'
import type { Database, LeaderLock } from '../store/database.ts'
import { isLeaderLockTaken } from '../store/postgres-leader.ts'
import type { Finding } from './finding.ts'

const lanes = Object.freeze({
  relay: {
    check: 'event relay',
    idle: 'no service leads it: events wait in the database',
  },
  revocations: {
    check: 'revocation lane',
    idle: 'no service leads it: revocations reach nobody, and local verification falls back to ValidateToken',
  },
  audit: {
    check: 'audit lane',
    idle: 'no service leads it: rows of the audit trail are not chained, and its months are neither made nor dropped',
  },
} as const)

/** A takeover takes up to two seconds. */
const [tries, everyMs] = [12, 250]

/** Looks whether some service leads each lane; not on the embedded database, which only one process can open. */
export async function checkLeaders({ kysely }: Database, clock: Clock): Promise<Finding[]> {
  const missing = new Set<LeaderLock>(['relay', 'revocations', 'audit'])
  for (let n = 0; n < tries && missing.size > 0; n += 1) {
    if (n > 0) await clock.sleep(everyMs)
    for (const lock of missing) if (await isLeaderLockTaken(kysely, lock)) missing.delete(lock)
  }
  return Object.entries(lanes).map(([lock, { check, idle }]) =>
    missing.has(lock as LeaderLock)
      ? {
          check,
          severity: 'error',
          what: idle,
          remedy: 'start a service; where one runs, its log says "cannot ask for the lock"',
        }
      : { check, severity: 'ok', what: 'has a leader' },
  )
}

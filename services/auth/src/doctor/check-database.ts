import { sql } from 'kysely'
import type { Clock } from '../domain/clock.ts'
import type { Database } from '../store/database.ts'
import { isEpochSettled } from '../store/epoch.ts'
import { isMigrated } from '../store/migrate.ts'
import type { Finding } from './finding.ts'
import { toCause } from './to-cause.ts'
import { toDuration } from './to-duration.ts'

/** What of the database holds, and whether it can be asked further. */
export interface DatabaseExamination {
  readonly findings: readonly Finding[]
  /** It answers and has the schema of this version. */
  readonly isUsable: boolean
}

const check = 'database'
/** Verifiers call their view of revocations fresh for 3 s; beyond 60 s tokens are judged wrongly. */
const [noticedMs, harmfulMs] = [1000, 60_000]

/** Looks whether the database answers, has this version's schema, is the primary of its epoch, and agrees with this machine's clock. */
export async function checkDatabase(database: Database, clock: Clock): Promise<DatabaseExamination> {
  const { kysely } = database
  try {
    // Connects, so that the next one measures the way alone.
    const { rows } = await sql<{ standby: boolean }>`select pg_is_in_recovery() as standby`.execute(kysely)
    const migrated = await isMigrated(database)
    const findings = [
      migrated ? ok('reachable, with the schema of this version') : unmigrated,
      ...(rows[0]?.standby ? [standby] : migrated ? await checkEpoch(database) : []),
      await checkClock(database, clock),
    ]
    return { findings, isUsable: migrated }
  } catch (error) {
    const what = `does not answer: ${toCause(error)}`
    const remedy = 'start it, or correct DATABASE_URL; see whether a firewall or its pg_hba.conf refuses'
    return { findings: [{ check, severity: 'error', what, remedy }], isUsable: false }
  }
}

const ok = (what: string): Finding => ({ check, severity: 'ok', what })

const unmigrated: Finding = {
  check,
  severity: 'error',
  what: 'does not have the schema of this version',
  remedy: 'run authctl migrate, or start the service, which does so',
}

const standby: Finding = {
  check,
  severity: 'error',
  what: 'is a standby: nothing can be issued, revoked or validated with it',
  remedy: 'point DATABASE_URL at the primary, such as by target_session_attrs=read-write',
}

async function checkEpoch({ kysely }: Database): Promise<Finding[]> {
  const { rows } = await sql<{ settled: boolean | null }>`
    select ${sql.raw(isEpochSettled)} as settled from epoch`.execute(kysely)
  if (rows.length === 0 || rows[0]?.settled) return []
  const what = 'was restored or promoted and has had no service since: no token is judged'
  const remedy = 'start a service: it raises the epoch and revokes what was issued before'
  return [{ check, severity: 'error', what, remedy }]
}

async function checkClock({ kysely }: Database, clock: Clock): Promise<Finding> {
  const [before, beganMs] = [clock.now().getTime(), clock.monotonicMs()]
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(kysely)
  const errorMs = (clock.monotonicMs() - beganMs) / 2
  const offsetMs = (rows[0]?.now.getTime() ?? Number.NaN) - (before + errorMs)
  const apartMs = Math.abs(offsetMs) - errorMs
  const what = `its clock is ${toDuration(Math.abs(offsetMs))} ${offsetMs < 0 ? 'behind' : 'ahead of'} this machine's (± ${toDuration(errorMs)})`
  if (apartMs < noticedMs) return { check: 'clock', severity: 'ok', what }
  const remedy = 'synchronise both by NTP, such as with chrony'
  return { check: 'clock', severity: apartMs < harmfulMs ? 'warning' : 'error', what, remedy }
}

import { getAuditBacklog } from '../store/audit-backlog.ts'
import { listMissingMonths } from '../store/audit-partitions.ts'
import type { Database } from '../store/database.ts'
import type { Finding } from './finding.ts'
import { toDuration } from './to-duration.ts'

const check = 'audit trail'
const countAtMost = 10_000
/** In health a row waits for less than a second. */
const lateMs = 10_000

/** Looks whether rows of the audit trail get into its chain, and whether its months are there; not on the embedded database, where nothing runs beside. */
export async function checkAudit({ kysely }: Pick<Database, 'kysely'>): Promise<Finding[]> {
  const [{ waiting, oldestMs, last }, missing] = [
    await getAuditBacklog(kysely, countAtMost),
    await listMissingMonths(kysely),
  ]
  const findings: Finding[] = []
  if (oldestMs >= lateMs) {
    const what = `${waiting}${waiting === countAtMost ? ' or more' : ''} rows have no entry in the chain, the oldest for ${toDuration(oldestMs)}`
    const remedy = 'see the finding on the audit lane; rows are kept, and chained once a service leads it'
    findings.push({ check, severity: 'error', what, remedy })
  }
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ')
    const remedy =
      'the leader makes them every hour as the owner of the tables: see its log, and DATABASE_OWNER_URL'
    const what = `months without a part: ${names}; their rows go to audit_log_rest, which is never dropped`
    findings.push({ check, severity: 'warning', what, remedy })
  }
  if (findings.length > 0) return findings
  const end = last
    ? `the chain ends with entry ${last.seq}, of ${toDuration(last.ageMs)} ago`
    : 'nothing is chained yet'
  return [{ check, severity: 'ok', what: `${end}; all months are there` }]
}

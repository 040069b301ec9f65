import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { sql } from 'kysely'
import type { AuditEntry } from '../domain/audit.ts'
import { appendAudit } from '../store/append-audit.ts'
import type { Database } from '../store/database.ts'
import { testInstallation, until } from '../store/outbox-testing.ts'
import { type AuditVerification, verifyAuditChain } from '../store/verify-audit-chain.ts'
import { type AuditLane, type AuditLaneOptions, openAuditLane } from './audit-lane.ts'
import { silentLog, wallClock } from './testing.ts'

/** Any entry. */
export const someEntry: AuditEntry = {
  action: 'user.update',
  target: { kind: 'user', id: 'u' },
  changedFields: ['email'],
}

/** An audit lane that is closed after the test. */
export function openTestAuditLane(
  t: TestContext,
  database: Database,
  options: Partial<AuditLaneOptions> = {},
): AuditLane {
  const lane = openAuditLane({
    database,
    owner: database,
    installation: testInstallation,
    clock: wallClock,
    log: silentLog,
    random: Math.random,
    retentionMs: 400 * 86_400_000,
    ...options,
  })
  t.after(() => lane.close())
  return lane
}

/** Writes rows, each in a transaction of its own, and returns their ids in order. */
export async function appendSome(database: Database, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  for (const id of ids) await appendAudit(database.kysely, [{ id, actor: 'system', entry: someEntry }])
  return ids
}

/** Resolves with the trail's verification once every row has its entry. */
export async function verifyWhenChained(database: Database): Promise<AuditVerification> {
  await until(async () => (await countUnchained(database)) === 0)
  return await verifyAuditChain(database.kysely)
}

async function countUnchained({ kysely }: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from audit_log where id not in (select row_id from audit_chain)`.execute(kysely)
  return rows[0]?.count ?? 0
}

/** The faults, shortly: `CHANGED 3`. */
export function toFaults({ findings }: AuditVerification): string[] {
  return findings.map(({ fault, seq }) => (seq === undefined ? fault : `${fault} ${seq}`))
}

/** Runs statements as the tables' owner, past the triggers. */
export async function tamper(database: Database, ...statements: readonly string[]): Promise<void> {
  await database.transaction(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    for (const statement of statements) await sql.raw(statement).execute(trx)
  })
}

import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Privilege = 'select' | 'insert' | 'update' | 'delete'

/** What the service does with each table; what changes or drops tables is the owner's. The audit trail it reads and adds to. */
const privileges: Readonly<Record<keyof Schema, readonly Privilege[]>> = Object.freeze({
  users: ['select', 'insert', 'update'],
  user_logins: ['select', 'insert', 'update', 'delete'],
  sessions: ['select', 'insert', 'update'],
  keys: ['select', 'insert', 'update', 'delete'],
  request_ids: ['select', 'insert'],
  user_sequences: ['select', 'insert', 'update'],
  outbox: ['select', 'insert', 'update', 'delete'],
  parked_keys: ['select', 'insert', 'update', 'delete'],
  outbox_deletions: ['select', 'update'],
  revocations: ['select', 'insert', 'update', 'delete'],
  lanes: ['select', 'update'],
  epoch: ['select', 'insert', 'update'],
  rate_counters: ['select', 'insert', 'update', 'delete'],
  audit_log: ['select', 'insert'],
  audit_chain: ['select', 'insert'],
  audit_anchors: ['select'],
  platform_connections: ['select', 'insert', 'update', 'delete'],
  platform_accounts: ['select', 'insert', 'update', 'delete'],
  platform_revocations: ['select', 'insert', 'update', 'delete'],
})

/** The migrator's own table: the service reads which migrations ran. */
const migrationTable = 'auth_migrations'

/**
 * Lets the role of `service` do with each table what the service does, and no more: what it was granted before is taken back first. Run it as
 * the owner, after the migrations; it is one transaction, so that running instances never see a moment without. A part of a table is reached
 * through the table alone. Throws a plain Error where the role owns tables: an owner may do everything.
 */
export async function grantServiceRole(
  owner: Pick<Database, 'transaction'>,
  service: Pick<Database, 'kysely'>,
): Promise<void> {
  const role = await readRole(service)
  await owner.transaction(async (trx) => {
    await assertOwnsNothing(trx, role)
    // Of two that grant at once, one would fail.
    await sql`select pg_advisory_xact_lock(hashtext('auth_grants'))`.execute(trx)
    const to = sql.id(role)
    const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(trx)
    const schema = sql.id(rows[0]?.schema ?? 'public')
    await sql`revoke all on all tables in schema ${schema} from ${to}`.execute(trx)
    await sql`grant usage on schema ${schema} to ${to}`.execute(trx)
    const given = Object.entries({ ...privileges, [migrationTable]: ['select'] })
    for (const [table, wanted] of given) {
      await sql`grant ${sql.raw(wanted.join(', '))} on ${sql.id(table)} to ${to}`.execute(trx)
    }
    await sql`grant usage, select on all sequences in schema ${schema} to ${to}`.execute(trx)
  })
}

async function readRole({ kysely }: Pick<Database, 'kysely'>): Promise<string> {
  const { rows } = await sql<{ role: string }>`select current_user as role`.execute(kysely)
  const [row] = rows
  if (row === undefined) throw new Error('the database does not say who is connected')
  return row.role
}

async function assertOwnsNothing(trx: Kysely<Schema>, role: string): Promise<void> {
  const { rows } = await sql<{ table: string }>`
    select relname as table from pg_class
    where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace
      and pg_has_role(${role}::name, relowner, 'USAGE')
    order by relname`.execute(trx)
  if (rows.length === 0) return
  throw new Error(
    `the service's role ${role} owns tables, such as ${rows[0]?.table}: give them to the role of DATABASE_OWNER_URL (alter table … owner to …)`,
  )
}

import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** What the service's role may only read and add to. */
const appendOnly: readonly string[] = ['audit_log', 'audit_chain']
/** What it may only read. */
const readOnly: readonly string[] = ['audit_anchors', 'auth_migrations', 'auth_migrations_lock']

/**
 * Gives the role of `service` what it needs on the tables of `owner`'s schema: the audit trail it can read and add to, and neither change nor
 * delete. A part of a table is reached through the table alone. Throws a plain Error where the role owns tables: an owner may do everything.
 */
export async function grantToService(
  owner: Pick<Database, 'transaction'>,
  service: Pick<Database, 'kysely'>,
): Promise<void> {
  const { rows } = await sql<{ role: string }>`select current_user as role`.execute(service.kysely)
  const [asked] = rows
  if (!asked) throw new Error('the database did not tell the role')
  const role = sql.id(asked.role)
  await owner.transaction(async (trx) => {
    await assertOwnsNothing(trx, asked.role)
    await sql`grant usage on schema ${sql.id(await readSchema(trx))} to ${role}`.execute(trx)
    for (const { table, isPart } of await listTables(trx)) {
      await sql`revoke all on ${sql.id(table)} from ${role}`.execute(trx)
      if (!isPart)
        await sql`grant ${sql.raw(toPrivileges(table))} on ${sql.id(table)} to ${role}`.execute(trx)
    }
    await sql`grant select on sequence audit_log_position_seq, outbox_position_seq, revocations_position_seq to ${role}`.execute(
      trx,
    )
  })
}

function toPrivileges(table: string): string {
  if (readOnly.includes(table)) return 'select'
  return appendOnly.includes(table) ? 'select, insert' : 'select, insert, update, delete'
}

async function readSchema(trx: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(trx)
  return rows[0]?.schema ?? 'public'
}

interface Relation {
  readonly table: string
  readonly isPart: boolean
}

async function listTables(trx: Kysely<Schema>): Promise<Relation[]> {
  const { rows } = await sql<Relation>`
    select relname as table, relispartition as "isPart" from pg_class
    where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace`.execute(trx)
  return rows
}

async function assertOwnsNothing(trx: Kysely<Schema>, role: string): Promise<void> {
  const { rows } = await sql<{ table: string }>`
    select relname as table from pg_class
    where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace
      and pg_has_role(${role}::name, relowner, 'USAGE')`.execute(trx)
  if (rows.length === 0) return
  throw new Error(
    `the service's role ${role} owns tables, such as ${rows[0]?.table}: give them to the role of DATABASE_OWNER_URL (alter table … owner to …)`,
  )
}

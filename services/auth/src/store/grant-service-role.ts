import { type Kysely, sql } from 'kysely'
import type { Schema } from './schema.ts'

type Privilege = 'select' | 'insert' | 'update' | 'delete'

/** What the service does with each table; what changes or drops tables is the owner's. */
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
})

/** The migrator's own table: the service reads which migrations ran. */
const migrationTable = 'auth_migrations'

/**
 * Lets a role do with each table what the service does, and no more: what it was granted before is taken back first. Run it as the owner,
 * after the migrations, in one transaction: running instances never see a moment without.
 */
export async function grantServiceRole(owner: Kysely<Schema>, role: string): Promise<void> {
  await owner.transaction().execute(async (trx) => {
    // Of two that grant at once, one would fail.
    await sql`select pg_advisory_xact_lock(hashtext('auth_grants'))`.execute(trx)
    const to = sql.id(role)
    const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(trx)
    const schema = sql.id(rows[0]?.schema ?? 'public')
    await sql`grant usage on schema ${schema} to ${to}`.execute(trx)
    const given = Object.entries({ ...privileges, [migrationTable]: ['select'] })
    for (const [table, wanted] of given) {
      await sql`revoke all on ${sql.id(table)} from ${to}`.execute(trx)
      await sql`grant ${sql.raw(wanted.join(', '))} on ${sql.id(table)} to ${to}`.execute(trx)
    }
    await sql`grant usage, select on all sequences in schema ${schema} to ${to}`.execute(trx)
  })
}

/** The tables that a connection's role may change or drop, as an owner, a member of one, or a superuser. */
export async function listOwnTables(kysely: Kysely<Schema>): Promise<string[]> {
  const names = Object.keys(privileges)
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = current_schema()::regnamespace and relname = any(${names}::text[])
      and pg_has_role(current_user, relowner, 'usage')
    order by relname`.execute(kysely)
  return rows.map(({ name }) => name)
}

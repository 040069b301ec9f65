import { type Kysely, sql } from 'kysely'

/** Indexes for the conditions of ListUsers; its order is the primary key's. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  'create index users_username_prefix on users (username_key text_pattern_ops)',
  'create index users_roles on users using gin (roles)',
  `create index users_tier on users (subscription_tier, id) where status <> 'DELETED'`,
  `create index users_suspended on users (id) where status = 'SUSPENDED'`,
]

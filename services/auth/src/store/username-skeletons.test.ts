import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../../tools/parts/test-database.ts'
import { checkUsernames } from '../doctor/check-usernames.ts'
import type { Database } from './database.ts'
import { up as makeAccounts } from './migrations/0001-accounts-sessions-outbox.ts'
import { up as addSkeletons } from './migrations/0009-username-skeletons.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'
import { toUsernameSkeleton } from './to-username-skeleton.ts'

test('accounts from before have skeletons, embedded', async () => {
  const database = await openPglite({})
  await assertMigrated(database).finally(() => database.close())
})

test('accounts from before have skeletons, PostgreSQL', async (t) => {
  const created = await openTestDatabase(t)
  if (created === undefined) return
  const database = openPostgres({ url: created.url, onError: () => undefined })
  await assertMigrated(database).finally(() => database.close())
})

/** Several pages of accounts, lookalikes on one page and on two, and a deleted one. */
async function assertMigrated(database: Database): Promise<void> {
  const { kysely } = database
  await makeAccounts(kysely as never)
  const crowd = Array.from({ length: 1500 }, (_, place) => `user${place}`)
  const names = ['scope', 'ѕсоре', ...crowd, 'uѕer7', '김미나']
  await insert(database, names)
  await sql`insert into users (id, status) values (${randomUUID()}, 'DELETED')`.execute(kysely)
  await addSkeletons(kysely as never)
  const { rows } = await sql<{ username: string | null; username_skeleton: string | null }>`
    select username, username_skeleton from users order by id`.execute(kysely)
  const alike = new Set<string | null>(['ѕсоре', 'uѕer7', null])
  for (const { username, username_skeleton } of rows) {
    assert.equal(username_skeleton, alike.has(username) ? null : toUsernameSkeleton(username ?? ''))
  }
  assert.equal(rows.length, names.length + 1)
  const [finding] = await checkUsernames(database)
  assert.match(finding?.what ?? '', /: ѕсоре, uѕer7$/)
}

async function insert({ kysely }: Database, names: readonly string[]): Promise<void> {
  const ids = names.map((_, place) => `00000000-0000-7000-8000-${String(place).padStart(12, '0')}`)
  await sql`
    insert into users (id, status, username, username_key, email, email_key, password_hash)
    select id, 'ACTIVE', name, name, name, name, 'none' from unnest(${ids}::uuid[], ${names}::text[]) as new (id, name)`.execute(
    kysely,
  )
}

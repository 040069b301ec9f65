import { type Kysely, sql } from 'kysely'
import { toUsernameSkeleton } from '../to-username-skeleton.ts'

/**
 * Usernames that look alike are one. Of those that are there already the one that came first has the skeleton, the others keep their names
 * and have none: `doctor` tells of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
  await giveSkeletons(db)
}

const statements = [
  'alter table users add column username_skeleton text',
  'create unique index users_username_skeleton on users (username_skeleton) where username_skeleton is not null',
]

const pageSize = 1000

async function giveSkeletons(db: Kysely<unknown>): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const { rows } = await sql<{ id: string; username: string }>`
      select id, username from users where id > ${after}::uuid and username is not null
      order by id limit ${pageSize}`.execute(db)
    if (rows.length === 0) return
    await giveSkeletonsTo(db, rows)
    after = rows.at(-1)?.id ?? after
  }
}

async function giveSkeletonsTo(
  db: Kysely<unknown>,
  rows: readonly { readonly id: string; readonly username: string }[],
): Promise<void> {
  const ids = new Map<string, string>()
  for (const { id, username } of rows) {
    const skeleton = toUsernameSkeleton(username)
    if (!ids.has(skeleton)) ids.set(skeleton, id)
  }
  await sql`
    update users set username_skeleton = given.skeleton
    from unnest(${[...ids.values()]}::uuid[], ${[...ids.keys()]}::text[]) as given (id, skeleton)
    where users.id = given.id
      and not exists (select from users others where others.username_skeleton = given.skeleton)`.execute(db)
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { toUniqueName } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { refresh } from './validations.ts'

describeOnStores('DeleteUser', (context) => {
  const password = 'correct horse battery staple'

  /** Every row of every table as text; the outbox's data decoded. */
  async function dumpTables(): Promise<Map<string, string[]>> {
    const { kysely } = context.auth.database
    const tables = await sql<{ name: string }>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(kysely)
    const dump = new Map<string, string[]>()
    for (const { name } of tables.rows) {
      const source =
        name === 'outbox'
          ? sql`select key || ' ' || convert_from(data, 'UTF8') as line from outbox`
          : sql`select whole::text as line from ${sql.table(name)} as whole`
      const { rows } = await sql<{ line: string }>`${source}`.execute(kysely)
      dump.set(
        name,
        rows.map(({ line }) => line),
      )
    }
    return dump
  }

  test('erases what is personal from every table, what events keep until retention aside, and no event has the e-mail', {
    skip: context.isModel && 'the model has neither information_schema nor rows as text',
  }, async () => {
    const plants = { username: toUniqueName('usr'), email: `${toUniqueName('eml')}@example.org` }
    const displayName = toUniqueName('dsp')
    const deviceName = toUniqueName('dev')
    const { user } = await context.auth.users.createUser({
      ...plants,
      password,
      displayName,
      requestId: randomUUID(),
    })
    const client = { clientId: 'web', deviceName }
    const { tokens } = await context.auth.auth.login({ identifier: plants.email, password, client })
    await refresh(context.auth, tokens?.refreshToken ?? '')
    const secrets = [...Object.values(plants), displayName, deviceName]
    const find = (lines: readonly string[], text: string) =>
      lines.filter((line) => line.toLowerCase().includes(text.toLowerCase()))
    const before = [...(await dumpTables()).values()].flat()
    for (const secret of secrets) assert.notEqual(find(before, secret).length, 0, `${secret} was never there`)

    await context.auth.users.deleteUser({ userId: user?.id ?? '' })

    for (const [table, lines] of await dumpTables()) {
      for (const secret of table === 'outbox' ? [plants.email, deviceName] : secrets) {
        assert.deepEqual(find(lines, secret), [], `${table} still holds ${secret}`)
      }
    }
    const { kysely } = context.auth.database
    const id = user?.id ?? ''
    const sessions = await kysely.selectFrom('sessions').selectAll().where('user_id', '=', id).execute()
    for (const row of sessions) {
      assert.deepEqual([row.last_ip, row.last_user_agent, row.rotated_by_ip], ['', '', null])
    }
  })

  test('a tombstone keeps id, version and sequence, and the event has the last version', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.deleteUser({ userId: person.id })
    const { kysely } = context.auth.database
    const row = await kysely.selectFrom('users').selectAll().where('id', '=', person.id).executeTakeFirst()
    assert.deepEqual([row?.status, row?.version, row?.tv, row?.password_hash], ['DELETED', 2, 2, null])
    const [event] = await listEvents(context.auth, 'user_deleted', person.id)
    assert.equal(event?.userVersion, 2n)
  })

  test('a deleted account is found by nothing, and cannot be changed or deleted again', async () => {
    const { users, ...auth } = context.auth
    const person = await context.auth.signUp()
    const userId = person.id
    await users.deleteUser({ userId })
    for (const call of [
      () => users.getUser({ by: { case: 'userId', value: userId } }),
      () => users.getUser({ by: { case: 'username', value: person.username } }),
      () => users.getUser({ by: { case: 'email', value: person.email } }),
      () => users.updateUser({ userId, displayName: 'Back' }),
      () => users.changePassword({ userId, currentPassword: person.password, newPassword: password }),
      () => users.deleteUser({ userId }),
    ]) {
      await assertRefused(call(), 'NOT_FOUND', 'USER_NOT_FOUND')
    }
    await assertRefused(auth.logIn(person), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
  })

  test('the name and the address are free again, for another account', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.deleteUser({ userId: person.id })
    const again = await context.auth.signUp(person)
    assert.notEqual(again.id, person.id)
  })

  test('a request id of a deleted account makes no new one', async () => {
    const wishes = {
      username: toUniqueName(),
      email: `${toUniqueName()}@example.org`,
      password,
      requestId: randomUUID(),
    }
    const { user } = await context.auth.users.createUser(wishes)
    await context.auth.users.deleteUser({ userId: user?.id ?? '' })
    await assertRefused(context.auth.users.createUser(wishes), 'FAILED_PRECONDITION', 'REQUEST_ID_REUSED')
  })

  test('an id that is none is named', async () => {
    await assertRefused(context.auth.users.deleteUser({}), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['user_id'])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openTestAuth, type TestAuth } from './open-test-auth.ts'
import { getVerdict } from './validations.ts'

/** The counters count, and take nothing back: neither one nor all. */
async function breakCounters({ database: { kysely } }: TestAuth): Promise<void> {
  for (const statement of [
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no counters'; end $$`,
    'create trigger refuse_delete before delete on rate_counters for each row execute function refuse()',
    `create trigger refuse_lower before update on rate_counters for each row
      when (new.points < old.points) execute function refuse()`,
  ])
    await sql.raw(statement).execute(kysely)
}

test('what is committed is answered as done where its counters fail afterwards: a login, new passwords, a deletion', async () => {
  await using auth = await openTestAuth()
  const person = await auth.signUp()
  await breakCounters(auth)
  const warned = () =>
    auth.logged.filter(({ message }) => /^(failed logins|failures) stay counted$/.test(message)).length
  const steps: [string, () => Promise<unknown>][] = [
    [
      'Login',
      async () => assert.equal(await getVerdict(auth, (await auth.logIn(person)).accessToken), 'VALID'),
    ],
    [
      'ChangePassword',
      async () =>
        await auth.users.changePassword({
          userId: person.id,
          currentPassword: person.password,
          newPassword: 'another horse battery staple',
        }),
    ],
    [
      'UpdateUser',
      async () =>
        await auth.users.updateUser({ userId: person.id, password: 'a third horse battery staple' }),
    ],
    [
      'Login with it',
      async () => {
        const tokens = await auth.logIn({ ...person, password: 'a third horse battery staple' })
        assert.equal(await getVerdict(auth, tokens.accessToken), 'VALID')
      },
    ],
    ['DeleteUser', async () => await auth.users.deleteUser({ userId: person.id })],
  ]
  for (const [count, [name, step]] of steps.entries()) {
    await step()
    assert.equal(warned(), count + 1, `${name} has not reached the counters`)
  }
})

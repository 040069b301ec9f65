import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { toUniqueName } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'

describeOnStores('GetUser', (context) => {
  const get = (by: 'userId' | 'username' | 'email', value: string, minVersion = 0n) =>
    context.auth.users.getUser({ by: { case: by, value }, minVersion })

  test('an account is found by its id, its username and its e-mail address, in any case', async () => {
    const person = await context.auth.signUp()
    const answers = await Promise.all([
      get('userId', person.id),
      get('userId', person.id.toUpperCase()),
      get('username', person.username.toUpperCase()),
      get('email', person.email.toUpperCase()),
    ])
    for (const { user } of answers) assert.deepEqual(user, person.user)
  })

  test('an account that is not there is not found', async () => {
    for (const call of [
      () => get('userId', randomUUID()),
      () => get('username', toUniqueName()),
      () => get('email', `${toUniqueName()}@example.org`),
    ]) {
      await assertRefused(call(), 'NOT_FOUND', 'USER_NOT_FOUND')
    }
  })

  test('a version that was reached is answered, one that was not is refused with the present one', async () => {
    const person = await context.auth.signUp()
    const { user } = await context.auth.users.updateUser({ userId: person.id, displayName: 'Mina' })
    assert.equal(user?.version, 2n)
    assert.equal((await get('userId', person.id, 2n)).user?.version, 2n)
    for (const version of [3n, 2n ** 62n]) {
      const refusal = await assertRefused(
        get('userId', person.id, version),
        'FAILED_PRECONDITION',
        'VERSION_NOT_REACHED',
      )
      assert.deepEqual(refusal.metadata, { version: '2' })
    }
  })

  test('fields that break a rule are named', async () => {
    const person = await context.auth.signUp()
    const cases = [
      [() => context.auth.users.getUser({}), 'user_id'],
      [() => get('userId', 'mina'), 'user_id'],
      [() => get('username', ''), 'username'],
      [() => get('email', 'x'.repeat(255)), 'email'],
      [() => get('userId', person.id, -1n), 'min_version'],
      [() => get('username', person.username, -1n), 'min_version'],
    ] as const
    for (const [call, field] of cases) {
      await assertRefused(call(), 'INVALID_ARGUMENT', 'INVALID_FIELD', [field])
    }
  })
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Person } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { getVerdict } from './validations.ts'

const newPassword = 'another long password'

describeOnStores('ChangePassword', (context) => {
  const change = (person: Person, wishes: object = {}) =>
    context.auth.users.changePassword({
      userId: person.id,
      currentPassword: person.password,
      newPassword,
      ...wishes,
    })

  test('the new password works and the old one does not, the version rises and an event names the password', async () => {
    const person = await context.auth.signUp()
    await change(person)
    await context.auth.logIn({ ...person, password: newPassword })
    await assertRefused(context.auth.logIn(person), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
    const [event] = await listEvents(context.auth, 'user_updated', person.id)
    assert.deepEqual(event?.changedFields, ['password'])
    assert.equal(event?.userVersion, 2n)
  })

  test('a wrong present password is refused and ends nothing', async () => {
    const person = await context.auth.signUp()
    const tokens = await context.auth.logIn(person)
    const call = change(person, { currentPassword: 'a wrong password' })
    await assertRefused(call, 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'VALID')
  })

  test('of two changes at once one wins and the other finds its present password wrong', async () => {
    const person = await context.auth.signUp()
    const tries = await Promise.allSettled(
      [0, 1, 2, 3].map((n) => change(person, { newPassword: `${newPassword} ${n}` })),
    )
    const winners = tries.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
    assert.equal(winners.length, 1)
    await context.auth.logIn({ ...person, password: `${newPassword} ${winners[0]}` })
  })

  test("another user's session is not kept by naming it", async () => {
    const [person, other] = [await context.auth.signUp(), await context.auth.signUp()]
    const [mine, theirs] = [await context.auth.logIn(person), await context.auth.logIn(other)]
    await change(person, { keepSessionId: theirs.sessionId })
    assert.equal(await getVerdict(context.auth, mine.accessToken), 'REVOKED')
    assert.equal(await getVerdict(context.auth, theirs.accessToken), 'VALID')
  })

  test('fields that break a rule are named, an unknown account is not found', async () => {
    const person = await context.auth.signUp()
    const refused = ['INVALID_ARGUMENT', 'INVALID_FIELD'] as const
    await assertRefused(change(person, { newPassword: 'short' }), ...refused, ['new_password'])
    await assertRefused(change(person, { keepSessionId: '7' }), ...refused, ['keep_session_id'])
    await assertRefused(change(person, { userId: '' }), ...refused, ['user_id'])
    await assertRefused(change(person, { userId: randomUUID() }), 'NOT_FOUND', 'USER_NOT_FOUND')
  })
})

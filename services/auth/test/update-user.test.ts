import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { listEvents } from './outbox.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'

describeOnStores('UpdateUser', (context) => {
  test('the fields that are set change, the others stay, the version rises by one and one event tells it', async () => {
    const person = await context.auth.signUp()
    const { user } = await context.auth.users.updateUser({
      userId: person.id,
      displayName: '민아',
      subscriptionTier: 'PREMIUM',
      roles: { roles: ['moderator', 'creator'] },
    })
    assert.ok(user)
    assert.deepEqual(
      { ...user, updatedAt: person.user.updatedAt },
      {
        ...person.user,
        displayName: '민아',
        subscriptionTier: 'PREMIUM',
        roles: ['moderator', 'creator'],
        version: 2n,
      },
    )
    const events = await listEvents(context.auth, 'user_updated', person.id)
    assert.equal(events.length, 1)
    const [event] = events
    assert.deepEqual(new Set(event?.changedFields), new Set(['display_name', 'subscription_tier', 'roles']))
    assert.equal(event?.userVersion, 2n)
    assert.equal(event?.status, UserStatus.ACTIVE)
    assert.equal(event?.subscriptionTier, 'PREMIUM')
  })

  test('a request that changes nothing keeps version and time and tells nothing', async () => {
    const person = await context.auth.signUp()
    for (const wishes of [
      {},
      { displayName: person.user.displayName, status: UserStatus.ACTIVE, roles: {} },
    ]) {
      const { user } = await context.auth.users.updateUser({ userId: person.id, ...wishes })
      assert.deepEqual(user, person.user)
    }
    assert.deepEqual(await listEvents(context.auth, 'user_updated', person.id), [])
  })

  test('an empty set of roles removes them, no set leaves them', async () => {
    const person = await context.auth.signUp()
    const set = (roles?: string[]) =>
      context.auth.users.updateUser({ userId: person.id, ...(roles ? { roles: { roles } } : {}) })
    await set(['moderator'])
    assert.deepEqual((await set()).user?.roles, ['moderator'])
    assert.deepEqual((await set([])).user?.roles, [])
  })

  test('an update for another version is refused with the present one', async () => {
    const person = await context.auth.signUp()
    const update = (expectedVersion: bigint, displayName: string) =>
      context.auth.users.updateUser({ userId: person.id, expectedVersion, displayName })
    await update(1n, 'One')
    const refusal = await assertRefused(update(1n, 'Two'), 'ABORTED', 'VERSION_MISMATCH')
    assert.deepEqual(refusal.metadata, { version: '2' })
    assert.equal((await update(2n, 'Two')).user?.version, 3n)
  })

  test('of many updates that expect one version exactly one is carried out', async () => {
    const person = await context.auth.signUp()
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) =>
        context.auth.users.updateUser({ userId: person.id, expectedVersion: 1n, displayName: `Name ${n}` }),
      ),
    )
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
    const { user } = await context.auth.users.getUser({ by: { case: 'userId', value: person.id } })
    assert.equal(user?.version, 2n)
    assert.equal((await listEvents(context.auth, 'user_updated', person.id)).length, 1)
  })

  test("another account's e-mail address is refused in any case, one's own may change its case", async () => {
    const [one, two] = [await context.auth.signUp(), await context.auth.signUp()]
    const setEmail = (email: string) => context.auth.users.updateUser({ userId: one.id, email })
    await assertRefused(setEmail(two.email.toUpperCase()), 'ALREADY_EXISTS', 'EMAIL_TAKEN')
    assert.equal((await setEmail(one.email.toUpperCase())).user?.email, one.email.toUpperCase())
  })

  test('the new e-mail address stands in no event', async () => {
    const person = await context.auth.signUp()
    await context.auth.users.updateUser({ userId: person.id, email: `new-${person.email}` })
    const [event] = await listEvents(context.auth, 'user_updated', person.id)
    assert.deepEqual(event?.changedFields, ['email'])
    assert.ok(!JSON.stringify({ ...event, userVersion: 0 }).includes(person.email))
  })

  test('all invalid fields are named at once', async () => {
    const { id: userId } = await context.auth.signUp()
    const call = context.auth.users.updateUser({
      userId,
      email: 'nobody',
      displayName: '',
      subscriptionTier: 'not a tier',
      roles: { roles: ['Admin'] },
      password: 'short',
    })
    const fields = ['email', 'display_name', 'subscription_tier', 'roles', 'password']
    await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', fields)
    const update = (wishes: object) => context.auth.users.updateUser({ userId, ...wishes })
    const refused = ['INVALID_ARGUMENT', 'INVALID_FIELD'] as const
    await assertRefused(update({ status: UserStatus.UNSPECIFIED }), ...refused, ['status'])
    await assertRefused(update({ roles: { roles: ['a', 'a'] } }), ...refused, ['roles'])
    await assertRefused(
      update({ roles: { roles: Array.from({ length: 33 }, (_, n) => `r${n}`) } }),
      ...refused,
      ['roles'],
    )
    await assertRefused(update({ expectedVersion: -1n }), ...refused, ['expected_version'])
    await assertRefused(update({ userId: 'mina' }), ...refused, ['user_id'])
  })

  test('an account that is not there is not found', async () => {
    const call = context.auth.users.updateUser({ userId: randomUUID(), displayName: 'Nobody' })
    await assertRefused(call, 'NOT_FOUND', 'USER_NOT_FOUND')
  })
})

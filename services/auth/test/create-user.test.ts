import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { toUniqueName } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'

const password = 'correct horse battery staple'

describeOnStores('CreateUser', (context) => {
  const create = (wishes: {
    username?: string
    email?: string
    requestId?: string
    displayName?: string
  }) => {
    const username = wishes.username ?? toUniqueName()
    return context.auth.users.createUser({
      email: `${toUniqueName()}@example.org`,
      password,
      ...wishes,
      username,
    })
  }

  test('a new account is active, without roles or tier, at version 1, with the username as its display name', async () => {
    const username = toUniqueName()
    const { user } = await create({ username, email: `${username}@Example.org` })
    assert.match(user?.id ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(user?.username, username)
    assert.equal(user?.email, `${username}@Example.org`)
    assert.equal(user?.displayName, username)
    assert.equal(user?.status, UserStatus.ACTIVE)
    assert.deepEqual(user?.roles, [])
    assert.equal(user?.subscriptionTier, '')
    assert.equal(user?.version, 1n)
    assert.equal(user?.lastLoginAt, undefined)
    assert.deepEqual(user?.createdAt, user?.updatedAt)
  })

  test('a username is taken in any case and any Unicode form', async () => {
    const stem = toUniqueName('é')
    await create({ username: stem })
    for (const username of [
      stem.toUpperCase(),
      stem.normalize('NFD'),
      stem.replace('u', 'ｕ'),
      stem.replace('1', '１'),
    ]) {
      await assertRefused(create({ username }), 'ALREADY_EXISTS', 'USERNAME_TAKEN')
    }
  })

  test('a username is taken by all that look like it', async () => {
    const digits = toUniqueName('').replace(/\D/g, '')
    await create({ username: `scopeß${digits}` })
    await create({ username: `scope${digits}` })
    for (const username of [`scopess${digits}`, `SCOPESS${digits}`, `ѕсоре${digits}`]) {
      await assertRefused(create({ username }), 'ALREADY_EXISTS', 'USERNAME_TAKEN')
    }
  })

  test('a password that is easily guessed is refused by name, whoever sets it', async () => {
    const username = toUniqueName('mina')
    const refused = ['INVALID_ARGUMENT', 'INVALID_FIELD'] as const
    const { users } = context.auth
    const wish = { username, email: `${username}@example.org` }
    for (const weak of ['Password1234', username, 'immersiverse2026', 'dkssudgktpdy']) {
      await assertRefused(users.createUser({ ...wish, password: weak }), ...refused, ['password'])
    }
    const { user } = await users.createUser({ ...wish, password })
    const userId = user?.id ?? ''
    await assertRefused(users.updateUser({ userId, password: `${username}!!` }), ...refused, ['password'])
    const renamed = { userId, displayName: 'Umbrella', password: 'umbrella umbrella 1' }
    await assertRefused(users.updateUser(renamed), ...refused, ['password'])
    const change = { userId, currentPassword: password, newPassword: `${username}2026` }
    await assertRefused(users.changePassword(change), ...refused, ['new_password'])
    const huge = { userId, currentPassword: 'x'.repeat(1025), newPassword: password }
    await assertRefused(users.changePassword(huge), ...refused, ['current_password'])
  })

  test('an e-mail address is taken in any case', async () => {
    const email = `${toUniqueName()}@example.org`
    await create({ email })
    await assertRefused(create({ email: email.toUpperCase() }), 'ALREADY_EXISTS', 'EMAIL_TAKEN')
  })

  test('of many that want one name at the same time exactly one gets it', async () => {
    const username = toUniqueName()
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => create({ username })))
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
    const first = tries.find((one) => one.status === 'rejected')
    await assertRefused(Promise.reject(first?.reason), 'ALREADY_EXISTS', 'USERNAME_TAKEN')
  })

  test('all invalid fields are named at once', async () => {
    const call = context.auth.users.createUser({
      username: 'a b',
      email: 'nobody',
      password: 'short',
      displayName: 'a\u0000b',
      requestId: '7',
    })
    await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', [
      'username',
      'email',
      'password',
      'display_name',
      'request_id',
    ])
  })

  for (const username of [
    '',
    'x',
    'a@b',
    '.dot',
    '-dash',
    'sp ace',
    'zero\u200bwidth',
    'a'.repeat(33),
    'nul\u0000',
    '\u202eabc',
  ]) {
    test(`the username ${JSON.stringify(username)} is refused`, async () => {
      await assertRefused(create({ username }), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['username'])
    })
  }

  test('the same request sent again gives the same user, and nothing is written twice', async () => {
    const wishes = {
      username: toUniqueName(),
      email: `${toUniqueName()}@example.org`,
      requestId: randomUUID(),
    }
    const first = await create(wishes)
    const again = await create({ ...wishes, requestId: wishes.requestId.toUpperCase() })
    assert.deepEqual(again, first)
    assert.equal(await countCreated(first.user?.id), 1)
  })

  test('the same request sent many times at once makes one user', async () => {
    const wishes = {
      username: toUniqueName(),
      email: `${toUniqueName()}@example.org`,
      requestId: randomUUID(),
    }
    const answers = await Promise.all(Array.from({ length: 16 }, () => create(wishes)))
    assert.equal(new Set(answers.map(({ user }) => user?.id)).size, 1)
    assert.equal(await countCreated(answers[0]?.user?.id), 1)
  })

  test('a request id used for another request is refused', async () => {
    const requestId = randomUUID()
    const { user } = await create({ requestId })
    await assertRefused(create({ requestId }), 'FAILED_PRECONDITION', 'REQUEST_ID_REUSED')
    await assertRefused(
      create({ requestId, username: user?.username ?? '', email: user?.email ?? '', displayName: 'Other' }),
      'FAILED_PRECONDITION',
      'REQUEST_ID_REUSED',
    )
  })

  test('a password has as many code points as asked for and at most 1,024 bytes', async () => {
    const withPassword = (secret: string) =>
      context.auth.users.createUser({
        username: toUniqueName(),
        email: `${toUniqueName()}@example.org`,
        password: secret,
      })
    for (const bad of ['', 'x'.repeat(11), '😀'.repeat(11), 'x'.repeat(1025), '한'.repeat(342)]) {
      await assertRefused(withPassword(bad), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['password'])
    }
    const long = Array.from({ length: 256 }, (_, place) => `${place}`.padStart(4, 'abc')).join('')
    for (const good of ['😀😃😄😁😆😅🤣😂🙂🙃😉😊', long, 'with \u0000 in the middle'])
      await withPassword(good)
  })

  async function countCreated(id: string | undefined): Promise<number> {
    const { kysely } = context.auth.database
    const rows = await kysely
      .selectFrom('outbox')
      .select('event')
      .where('key', '=', id ?? '')
      .execute()
    return rows.filter(({ event }) => event === 'user_created').length
  }
})

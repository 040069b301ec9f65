import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { toUniqueName } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'

describeOnStores('BatchGetUsers and ListUsers', (context) => {
  /** Accounts whose usernames begin with a prefix of their own. */
  const signUpSeveral = async (count: number) => {
    const prefix = toUniqueName()
    const made = []
    for (let n = 0; n < count; n += 1) {
      const username = `${prefix}-${n}`
      const request = { username, email: `${username}@example.org`, password: 'correct horse battery' }
      made.push((await context.auth.users.createUser(request)).user?.id ?? '')
    }
    return { prefix, ids: made.sort() }
  }
  const listAll = async (conditions: Record<string, unknown>) => {
    const pages: string[][] = []
    let pageToken = ''
    do {
      const page = await context.auth.users.listUsers({ ...conditions, pageToken })
      pages.push(page.users.map((user) => user.id))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    return pages
  }

  test('a batch is answered in its order, each user once, and says who is missing', async () => {
    const { ids } = await signUpSeveral(3)
    const [first = '', second = '', deleted = ''] = ids
    await context.auth.users.deleteUser({ userId: deleted })
    const nobody = randomUUID()
    const userIds = [second.toUpperCase(), nobody, first, second, deleted]
    const answer = await context.auth.users.batchGetUsers({ userIds })
    assert.deepEqual(
      answer.users.map((user) => user.id),
      [second, first],
    )
    assert.deepEqual(answer.missingUserIds, [nobody, deleted])
    const one = await context.auth.users.getUser({ by: { case: 'userId', value: first } })
    assert.deepEqual(answer.users[1], one.user)
    assert.deepEqual(await context.auth.users.batchGetUsers({}).then(({ users }) => users), [])
  })

  test('a batch takes 100 ids and names those that are none', async () => {
    const userIds = Array.from({ length: 100 }, () => randomUUID())
    assert.deepEqual((await context.auth.users.batchGetUsers({ userIds })).missingUserIds, userIds)
    const many = context.auth.users.batchGetUsers({ userIds: [...userIds, randomUUID()] })
    await assertRefused(many, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['user_ids'])
    const wrong = context.auth.users.batchGetUsers({ userIds: ['mina', randomUUID(), ''] })
    await assertRefused(wrong, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['user_ids[0]', 'user_ids[2]'])
  })

  test('pages hold everyone once, in the order of ids', async () => {
    const { prefix, ids } = await signUpSeveral(5)
    assert.deepEqual(await listAll({ query: prefix.toUpperCase(), pageSize: 2 }), [
      ids.slice(0, 2),
      ids.slice(2, 4),
      ids.slice(4),
    ])
    assert.deepEqual(await listAll({ query: prefix, pageSize: 5 }), [ids])
    assert.deepEqual(await listAll({ query: prefix }), [ids])
    assert.deepEqual(await listAll({ query: toUniqueName() }), [[]])
  })

  test('who signs up or goes between two pages moves nobody else', async () => {
    const { prefix, ids } = await signUpSeveral(4)
    const first = await context.auth.users.listUsers({ query: prefix, pageSize: 2 })
    await context.auth.users.deleteUser({ userId: ids[1] ?? '' })
    const username = `${prefix}-late`
    const { user } = await context.auth.users.createUser({
      username,
      email: `${username}@example.org`,
      password: 'correct horse battery',
    })
    const rest = await context.auth.users.listUsers({
      query: prefix,
      pageSize: 5,
      pageToken: first.nextPageToken,
    })
    assert.deepEqual(
      rest.users.map(({ id }) => id),
      [ids[2], ids[3], user?.id],
    )
  })

  test('conditions hold together: status, tier, role and the beginning of the username', async () => {
    const { prefix, ids } = await signUpSeveral(4)
    const [plain = '', suspended = '', premium = '', both = ''] = ids
    await context.auth.users.updateUser({ userId: suspended, status: UserStatus.SUSPENDED })
    await context.auth.users.updateUser({ userId: premium, subscriptionTier: 'PREMIUM' })
    const roles = { roles: ['operator', 'viewer'] }
    await context.auth.users.updateUser({ userId: both, subscriptionTier: 'PREMIUM', roles })
    const cases = [
      [{ status: UserStatus.SUSPENDED }, [suspended]],
      [{ status: UserStatus.ACTIVE }, [plain, premium, both]],
      [{ subscriptionTier: 'PREMIUM' }, [premium, both]],
      [{ role: 'viewer' }, [both]],
      [{ role: 'viewer', status: UserStatus.SUSPENDED }, []],
      [{ role: 'oper' }, []],
    ] as const
    for (const [conditions, expected] of cases) {
      assert.deepEqual(
        await listAll({ ...conditions, query: prefix }),
        [expected],
        JSON.stringify(conditions),
      )
    }
  })

  test('signs that mean something to a pattern are only themselves', async () => {
    const { prefix, ids } = await signUpSeveral(1)
    assert.deepEqual(await listAll({ query: `${prefix.slice(0, -1)}%` }), [[]])
    assert.deepEqual(await listAll({ query: `${prefix.slice(0, -1)}_` }), [[]])
    assert.deepEqual(await listAll({ query: `${prefix}\\` }), [[]])
    assert.deepEqual(await listAll({ query: prefix }), [ids])
  })

  test('a page token of other conditions, or of nobody, is refused', async () => {
    const { prefix } = await signUpSeveral(2)
    const { nextPageToken } = await context.auth.users.listUsers({ query: prefix, pageSize: 1 })
    const bad = [
      { query: prefix, role: 'viewer', pageToken: nextPageToken },
      { query: '', pageToken: nextPageToken },
      { query: prefix, pageToken: 'x' },
      { query: prefix, pageToken: nextPageToken.slice(1) },
      { query: prefix, pageToken: 'A'.repeat(10_000) },
    ]
    for (const request of bad) {
      const call = context.auth.users.listUsers(request)
      await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['page_token'])
    }
  })

  test('fields that break a rule are named; a page never holds more than 500', async () => {
    const call = context.auth.users.listUsers({
      pageSize: -1,
      subscriptionTier: 'no tier!',
      role: 'A',
      query: 'x'.repeat(33),
    })
    const fields = ['page_size', 'subscription_tier', 'role', 'query']
    await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', fields)
    const status = context.auth.users.listUsers({ status: 7 as UserStatus })
    await assertRefused(status, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['status'])
    const { users } = await context.auth.users.listUsers({ pageSize: 2 ** 31 - 1 })
    assert.ok(users.length > 0 && users.length <= 500)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openTestAuth, type Person, type TestAuth } from './open-test-auth.ts'

/** What the database knows of a user, everything. */
const readUser = ({ database }: TestAuth, { id }: Person) =>
  database.kysely.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

describe('the edge’s JSON', () => {
  let auth: TestAuth
  let person: Person
  let other: Person
  let headers: Record<string, string>
  before(async () => {
    auth = await openTestAuth()
    person = await auth.signUp()
    other = await auth.signUp()
    const { accessToken } = await auth.logIn(person)
    headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
  })
  after(() => auth.close())

  const send = async (method: string, path: string, body: string) => {
    const url = `http://127.0.0.1:${auth.service.edgePort}${path}`
    const answer = await fetch(url, { method, headers, body })
    const problem: { readonly reason?: string } = JSON.parse(await answer.text())
    return { status: answer.status, body: problem }
  }

  const polluting = [
    '{"__proto__": {"polluted": true}}',
    '{"__proto__": {"roles": {"roles": ["admin"]}}, "displayName": "x"}',
    '{"constructor": {"prototype": {"polluted": true}}}',
    '{"prototype": {"polluted": true}}',
    '{"toString": "x"}',
    '{"hasOwnProperty": 1}',
    '{"roles": {"__proto__": {"polluted": true}}}',
    '{"displayName": {"__proto__": {"polluted": true}}}',
    '{"\\u005f_proto__": {"polluted": true}}',
    '{"client": {"__proto__": {"clientId": "x"}}}',
  ]
  for (const [method, path] of [
    ['PATCH', '/v1/users/:id'],
    ['POST', '/v1/users'],
    ['POST', '/v1/users/:id/password'],
    ['POST', '/v1/auth/login'],
    ['POST', '/v1/auth/refresh'],
    ['POST', '/v1/auth/logout'],
    ['POST', '/v1/auth/validate'],
  ] as const) {
    test(`${method} ${path} refuses names of prototypes, and no object gets anything from them`, async () => {
      const before = await readUser(auth, person)
      for (const body of polluting) {
        const { status, body: problem } = await send(method, path.replace(':id', person.id), body)
        assert.equal(status, 400, `${body}: ${JSON.stringify(problem)}`)
        assert.equal(problem.reason, 'MALFORMED_MESSAGE', body)
        const bare: Record<string, unknown> = {}
        assert.deepEqual(
          [bare.polluted, bare.roles, Object.keys(Object.prototype)],
          [undefined, undefined, []],
        )
      }
      assert.deepEqual(await readUser(auth, person), before)
    })
  }

  const notTheirs: readonly (readonly [field: string, value: unknown, status: number])[] = [
    ['id', '01890a5d-ac96-774b-bcce-b302099a8057', 400],
    ['version', '99', 400],
    ['username', 'admin', 400],
    ['createdAt', '2020-01-01T00:00:00Z', 400],
    ['lastLoginAt', '2020-01-01T00:00:00Z', 400],
    ['tv', 0, 400],
    ['passwordHash', 'x', 400],
    ['password_hash', 'x', 400],
    ['password_version', 7, 400],
    ['isAdmin', true, 400],
    ['user', { roles: ['admin'] }, 400],
    ['roles', ['admin'], 400],
    ['roles', { roles: ['admin'] }, 403],
    ['roles', {}, 403],
    ['status', 'USER_STATUS_ACTIVE', 403],
    ['subscriptionTier', 'PREMIUM', 403],
    ['subscription_tier', 'PREMIUM', 403],
    ['password', 'a quite new passphrase', 403],
  ]
  for (const [field, value, status] of notTheirs) {
    test(`nobody sets their own ${field} to ${JSON.stringify(value)}, alone or beside what they may`, async () => {
      const before = await readUser(auth, person)
      for (const rest of [{}, { displayName: 'Mina' }, { expectedVersion: String(before.version) }]) {
        const body = JSON.stringify({ ...rest, [field]: value })
        assert.equal((await send('PATCH', `/v1/users/${person.id}`, body)).status, status, body)
      }
      assert.deepEqual(await readUser(auth, person), before)
    })
  }

  test('the query sets nothing that the body may not, and neither names another user', async () => {
    const before = [await readUser(auth, person), await readUser(auth, other)]
    const mine = `/v1/users/${person.id}`
    for (const [path, body] of [
      [`${mine}?roles.roles=admin`, '{}'],
      [`${mine}?roles.roles=admin`, '{"displayName":"x"}'],
      [`${mine}?status=USER_STATUS_ACTIVE`, '{}'],
      [`${mine}?__proto__=x`, '{}'],
      [`${mine}?constructor.prototype=x`, '{}'],
      [`${mine}?user_id=${other.id}`, '{"displayName":"x"}'],
      [mine, `{"userId":"${other.id}","displayName":"x"}`],
      [mine, `{"user_id":"${other.id}","displayName":"x"}`],
      [`/v1/users/${other.id}`, `{"userId":"${person.id}","displayName":"x"}`],
    ] as const) {
      const { status } = await send('PATCH', path, body)
      assert.ok(status === 400 || status === 403, `${path} ${body}: ${status}`)
    }
    assert.deepEqual([await readUser(auth, person), await readUser(auth, other)], before)
  })

  test('signing up sets no id, role, status, tier or version', async () => {
    for (const field of ['id', 'roles', 'status', 'subscriptionTier', 'version', 'user', 'createdAt']) {
      const wishes = { username: 'someone', email: 'someone@example.org', password: 'a quite new passphrase' }
      const { status } = await send('POST', '/v1/users', JSON.stringify({ ...wishes, [field]: '1' }))
      assert.equal(status, 400, field)
    }
    const found = auth.database.kysely.selectFrom('users').select('id').where('username', '=', 'someone')
    assert.deepEqual(await found.execute(), [])
  })
})

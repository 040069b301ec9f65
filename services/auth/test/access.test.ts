import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { DescMethod } from '@bufbuild/protobuf'
import { type ServiceError, status } from '@grpc/grpc-js'
import { UserStatus } from '@immersiverse/auth-contract'
import { listServices } from '../../../tools/access/list-services.ts'
import { type AccessClass, type AccessRow, accessClasses, listAccess } from '../src/edge/list-access.ts'
import { changeableFields } from '../src/use-cases/update-user.ts'
import { openTestAuth, type Person, type TestAuth } from './open-test-auth.ts'
import { readRefusal } from './refusals.ts'

const rows = listAccess(listServices())
const nobody = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Reasons that say who may call; whatever else a call ends with, the caller was let in. */
const denials = new Set(['MISSING_ACCESS_TOKEN', 'INVALID_ACCESS_TOKEN', 'NOT_SELF', 'ROUTE_NOT_FOUND'])

/** What a method must be asked with, where an empty body is refused before it is known whose call it is. */
const bodies: Readonly<Record<string, object>> = {
  'auth.v1.UserService/UpdateUser': { displayName: 'Another Name' },
  'auth.v1.UserService/ChangePassword': { currentPassword: 'wrong', newPassword: 'correct horse battery' },
}

let auth: TestAuth

before(async () => {
  auth = await openTestAuth({ environment: { AUTH_SIGN_UPS_PER_ADDRESS: 'off' } })
})
after(() => auth.close())

/** A token of somebody new; some calls end the session that they are made with. */
const newToken = async (role: string) => await logInAs(await auth.signUp(), role)

async function logInAs(person: Person, role: string): Promise<string> {
  if (role !== '') await auth.users.updateUser({ userId: person.id, roles: { roles: [role] } })
  return (await auth.logIn(person)).accessToken
}

async function ask(
  verb: string,
  path: string,
  token: string | undefined,
  body: object = {},
): Promise<string> {
  const hasBody = verb !== 'GET' && verb !== 'DELETE'
  const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}${path}`, {
    method: verb,
    headers: {
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return answer.ok ? 'OK' : (JSON.parse(text) as { reason: string }).reason
}

/** Asks over the edge as one of the classes, about a user who is made for it. */
async function askOverEdge({ name, routes }: AccessRow, as: AccessClass): Promise<string[]> {
  const reasons: string[] = []
  for (const { verb, template } of routes) {
    const person = await auth.signUp()
    const path = template.replace('{user_id}', person.id).replaceAll(/\{\w+\}/g, nobody)
    reasons.push(await ask(verb, path, await findToken(as, person), bodies[name]))
  }
  return reasons
}

async function findToken(as: AccessClass, person: Person): Promise<string | undefined> {
  if (as === 'anonymous') return undefined
  if (as === 'self') return await logInAs(person, '')
  return await newToken(as === 'other user' ? '' : as)
}

/** Asks over gRPC with an empty message, until the first thing that comes back. */
async function askAsService(method: DescMethod): Promise<string> {
  const path = `/${method.parent.typeName}/${method.name}`
  const { channel } = auth
  const toBytes = (bytes: Buffer) => bytes
  const empty = Buffer.alloc(0)
  return await new Promise((resolve) => {
    const finish = (error?: ServiceError | null) => resolve(error ? readRefusal(error).reason : 'OK')
    if (method.methodKind === 'unary') {
      channel.makeUnaryRequest(path, toBytes, toBytes, empty, finish)
      return
    }
    const call =
      method.methodKind === 'server_streaming'
        ? channel.makeServerStreamRequest(path, toBytes, toBytes, empty)
        : channel.makeBidiStreamRequest(path, toBytes, toBytes)
    if (call instanceof Duplex) call.end(empty)
    call.on('error', (error: ServiceError) => {
      if (error.code !== status.CANCELLED) finish(error)
    })
    call.on('end', finish)
    call.on('data', () => {
      finish()
      call.cancel()
    })
  })
}

for (const row of rows) {
  describe(row.name, () => {
    for (const as of accessClasses) {
      if (as !== 'service' && row.routes.length === 0) continue
      test(`${as}: ${row.allowed[as] ? 'may' : 'may not'}`, async () => {
        const reasons = as === 'service' ? [await askAsService(row.method)] : await askOverEdge(row, as)
        assert.ok(reasons.length > 0)
        for (const reason of reasons) assert.equal(!denials.has(reason), row.allowed[as], reason)
      })
    }
  })
}

const values = {
  email: 'new@example.org',
  displayName: 'Another Name',
  status: 'USER_STATUS_SUSPENDED',
  subscriptionTier: 'PREMIUM',
  roles: { roles: ['operator'] },
  password: 'another correct horse',
}

describe('fields of UpdateUser over the edge', () => {
  for (const [field, value] of Object.entries(values)) {
    for (const who of ['self', 'operator'] as const) {
      const isAllowed = changeableFields[who].includes(field)
      test(`${who} ${isAllowed ? 'may' : 'may not'} set ${field}`, async () => {
        const person = await auth.signUp()
        const token = who === 'self' ? await logInAs(person, '') : await newToken('operator')
        const reason = await ask('PATCH', `/v1/users/${person.id}`, token, { [field]: value })
        assert.equal(reason, isAllowed ? 'OK' : 'FIELD_NOT_ALLOWED')
      })
    }
  }

  test('nobody raises their own roles, operators neither', async () => {
    for (const role of ['', 'viewer', 'operator']) {
      const person = await auth.signUp()
      const token = await logInAs(person, role)
      const path = `/v1/users/${person.id}`
      assert.equal(await ask('PATCH', path, token, { roles: { roles: ['operator'] } }), 'FIELD_NOT_ALLOWED')
      assert.equal(await ask('PATCH', path, token, { status: 'USER_STATUS_ACTIVE' }), 'FIELD_NOT_ALLOWED')
    }
  })
})

describe('operators', () => {
  test('end as soon as the role is taken away, with the token that still names it', async () => {
    const [person, target] = [await auth.signUp(), await auth.signUp()]
    const token = await logInAs(person, 'operator')
    const path = `/v1/users/${target.id}`
    assert.equal(await ask('GET', path, token), 'OK')
    await auth.users.updateUser({ userId: person.id, roles: { roles: [] } })
    assert.equal(await ask('GET', path, token), 'INVALID_ACCESS_TOKEN')
  })

  test('suspended, act for nobody', async () => {
    const [person, target] = [await auth.signUp(), await auth.signUp()]
    const token = await logInAs(person, 'operator')
    await auth.users.updateUser({ userId: person.id, status: UserStatus.SUSPENDED })
    assert.equal(await ask('GET', `/v1/users/${target.id}`, token), 'INVALID_ACCESS_TOKEN')
  })

  test('read one another, and change, log out or delete nobody of their kind', async () => {
    const [one, other] = [await auth.signUp(), await auth.signUp()]
    const token = await logInAs(one, 'operator')
    await auth.users.updateUser({ userId: other.id, roles: { roles: ['operator'] } })
    const { sessionId } = await auth.logIn(other)
    const path = `/v1/users/${other.id}`
    assert.equal(await ask('GET', path, token), 'OK')
    assert.equal(await ask('PATCH', path, token, { status: 'USER_STATUS_SUSPENDED' }), 'NOT_SELF')
    assert.equal(await ask('DELETE', `${path}/sessions/${sessionId}`, token), 'NOT_SELF')
    assert.equal(await ask('DELETE', path, token), 'NOT_SELF')
    assert.equal(await ask('DELETE', `/v1/users/${one.id}`, token), 'OK')
  })

  test('end a session of anybody else', async () => {
    const person = await auth.signUp()
    const { sessionId } = await auth.logIn(person)
    const path = `/v1/users/${person.id}/sessions/${sessionId}`
    assert.equal(await ask('DELETE', path, await newToken('viewer')), 'NOT_SELF')
    assert.equal(await ask('DELETE', path, await newToken('operator')), 'OK')
  })
})

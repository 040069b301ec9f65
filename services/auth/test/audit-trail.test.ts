import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { AuditActorKind, type AuditEvent, AuditOutcome } from '@immersiverse/auth-contract'
import { until } from '../src/store/outbox-testing.ts'
import { revokeUser } from '../src/use-cases/revoke-user.ts'
import { rotateKeys } from '../src/use-cases/rotate-keys.ts'
import { operator } from './key-replicas.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { refresh } from './validations.ts'

describeOnStores('the audit trail', (context) => {
  const list = async (wishes: Parameters<typeof context.auth.audit.listAuditEvents>[0]) =>
    (await context.auth.audit.listAuditEvents(wishes)).events
  const toLine = ({ action, changedFields, outcome, reason, target }: AuditEvent) =>
    [action, target?.kind, AuditOutcome[outcome], reason, ...changedFields].filter(Boolean).join(' ')
  const origin = { ip: '127.0.0.1', userAgent: 'test' }

  test('tells what was done about a user, who did it and from where, newest first', async () => {
    const { auth } = context
    const person = await auth.signUp()
    const tokens = await auth.logIn(person)
    await auth.users.updateUser({ userId: person.id, email: `x${person.email}`, displayName: 'Name' })
    await auth.users.updateUser({ userId: person.id, roles: { roles: ['a'] } })
    const newPassword = 'a quite different passphrase'
    await auth.users.changePassword({ userId: person.id, currentPassword: person.password, newPassword })
    await auth.auth.revokeSession({ userId: person.id, sessionId: tokens.sessionId })
    const again = await auth.logIn({ ...person, password: newPassword })
    await auth.auth.logout({ token: { case: 'accessToken', value: again.accessToken } })
    const last = await auth.logIn({ ...person, password: newPassword })
    await auth.auth.logout({ token: { case: 'refreshToken', value: last.refreshToken }, allSessions: true })
    await revokeUser(auth.deps, operator, { userId: person.id })
    await auth.users.deleteUser({ userId: person.id })
    const events = await list({ userId: person.id })
    assert.deepEqual(events.map(toLine).reverse(), [
      'user.create user SUCCEEDED',
      'session.create session SUCCEEDED',
      'user.update user SUCCEEDED email display_name',
      'user.update user SUCCEEDED roles',
      'password.change user SUCCEEDED password',
      'session.create session SUCCEEDED',
      'session.end session SUCCEEDED',
      'session.create session SUCCEEDED',
      'session.end_all user SUCCEEDED',
      'user.revoke user SUCCEEDED',
      'user.delete user SUCCEEDED',
    ])
    const login = events.find(({ action }) => action === 'session.create')
    assert.deepEqual([login?.actor?.kind, login?.actor?.id], [AuditActorKind.SERVICE, 'loopback'])
    assert.deepEqual([login?.onBehalfOf, login?.target?.id], [person.id, last.sessionId])
    assert.equal(login?.ip, '127.0.0.1')
    assert.match(login?.userAgent ?? '', /grpc-node-js/)
  })

  test('tells failed logins, wrong passwords and stolen refresh tokens, and whose they were', async () => {
    const { auth } = context
    const person = await auth.signUp()
    const { refreshToken } = await auth.logIn(person)
    const login = (identifier: string) => auth.auth.login({ identifier, password: 'not the password' })
    await assertRefused(login(person.username), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
    const change = { userId: person.id, currentPassword: 'wrong', newPassword: 'a good new passphrase' }
    await assertRefused(auth.users.changePassword(change), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
    const second = await refresh(auth, refreshToken)
    await refresh(auth, second.refreshToken)
    await assertRefused(refresh(auth, refreshToken), 'UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN')
    const failed = await list({ userId: person.id, outcome: AuditOutcome.FAILED })
    assert.deepEqual(failed.map(toLine).reverse(), [
      'session.create user FAILED WRONG_PASSWORD',
      'password.change user FAILED WRONG_PASSWORD',
      'session.reuse session FAILED',
    ])
    const nobody = `nobody${randomUUID()}`.slice(0, 30)
    await assertRefused(login(nobody), 'UNAUTHENTICATED', 'INVALID_CREDENTIALS')
    const [unknown] = await list({ actions: ['session.create'], outcome: AuditOutcome.FAILED, pageSize: 1 })
    assert.equal(unknown && toLine(unknown), 'session.create identifier FAILED UNKNOWN_USER')
    assert.match(unknown?.target?.id ?? '', /^[0-9a-f]{32}$/)
  })

  test('what is rolled back is not written down', async () => {
    const { auth } = context
    const person = await auth.signUp()
    const undone = auth.deps.write(origin, async (_trx, _announce, _revoke, record) => {
      await record('system', {
        action: 'user.update',
        target: { kind: 'user', id: 'x' },
        userId: person.user.id as never,
      })
      throw new Error('no')
    })
    await assert.rejects(undone, /^Error: no$/)
    assert.deepEqual(
      (await list({ userId: person.id })).map(({ action }) => action),
      ['user.create'],
    )
  })

  test('a rotation tells who turned the keys', async () => {
    const { auth } = context
    const byName = { ...operator, operator: 'mina' } as const
    const { keyId } = await rotateKeys(auth.deps, byName, { purpose: 'signing', atOnce: true })
    const [planned] = await list({ actions: ['key.plan'], pageSize: 1 })
    assert.deepEqual([planned?.actor?.kind, planned?.actor?.id], [AuditActorKind.OPERATOR, 'mina'])
    assert.deepEqual([planned?.target?.kind, planned?.target?.id], ['key', keyId])
  })

  test('calls over the edge that were refused are told with the token id and the request id', async () => {
    const { auth } = context
    const [mine, other] = [await auth.signUp(), await auth.signUp()]
    const { accessToken } = await auth.logIn(mine)
    const edge = `http://127.0.0.1:${auth.service.edgePort}`
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
    const foreign = await fetch(`${edge}/v1/users/${other.id}`, { headers })
    const body = JSON.stringify({ roles: { roles: ['admin'] } })
    const patched = await fetch(`${edge}/v1/users/${mine.id}`, { method: 'PATCH', headers, body })
    assert.deepEqual([foreign.status, patched.status], [403, 403])
    const actor = { kind: AuditActorKind.USER, id: mine.id }
    await until(async () => (await list({ actor })).length === 2)
    const denied = await list({ actor, actions: ['call.denied'], outcome: AuditOutcome.DENIED })
    assert.deepEqual(denied.map(toLine), [
      'call.denied method DENIED FIELD_NOT_ALLOWED roles',
      'call.denied method DENIED NOT_SELF',
    ])
    const { jti } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    assert.deepEqual(
      denied.map(({ tokenId }) => tokenId),
      [jti, jti],
    )
    assert.deepEqual(
      denied.map(({ requestId }) => requestId),
      [patched, foreign].map((answer) => answer.headers.get('x-request-id')),
    )
  })

  test('people over the edge without a token are nobody known, and no filter for services shows them', async () => {
    const { auth } = context
    const { id } = await auth.signUp()
    const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}/v1/users/${id}`)
    assert.equal(answer.status, 401)
    const requestId = answer.headers.get('x-request-id')
    const ofKind = async (kind: AuditActorKind) =>
      (await list({ actor: { kind }, pageSize: 500 })).filter((event) => event.requestId === requestId)
    await until(async () => (await ofKind(AuditActorKind.UNSPECIFIED)).length === 1)
    assert.deepEqual((await ofKind(AuditActorKind.ANONYMOUS)).map(toLine), [
      'call.denied method DENIED MISSING_ACCESS_TOKEN',
    ])
    assert.deepEqual(await ofKind(AuditActorKind.SERVICE), [])
  })

  test('filters and pages: every row once, none beside the conditions, a token only with its own', async () => {
    const { auth } = context
    const person = await auth.signUp()
    for (let n = 0; n < 7; n += 1) {
      await auth.users.updateUser({ userId: person.id, displayName: `Name ${n}` })
    }
    const conditions = { userId: person.id, actions: ['user.update', 'user.delete'], pageSize: 3 }
    const sizes: number[] = []
    const ids: string[] = []
    let pageToken = ''
    do {
      const page = await auth.audit.listAuditEvents({ ...conditions, pageToken })
      sizes.push(page.events.length)
      ids.push(...page.events.map(({ id }) => id))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    assert.deepEqual([sizes, new Set(ids).size], [[3, 3, 1], 7])
    const { nextPageToken } = await auth.audit.listAuditEvents(conditions)
    const other = auth.audit.listAuditEvents({ pageToken: nextPageToken })
    await assertRefused(other, 'INVALID_ARGUMENT', 'INVALID_FIELD', ['page_token'])
    const [newest] = await list(conditions)
    const since = newest?.occurredAt
    assert.ok(since)
    const later = { ...since, seconds: since.seconds + 1n }
    const [exact, none] = [
      await list({ ...conditions, before: later }),
      await list({ ...conditions, since: later }),
    ]
    assert.deepEqual([exact[0]?.id, none.length], [newest.id, 0])
    const refuse = async (wrong: Parameters<typeof list>[0], field: string) =>
      await assertRefused(list(wrong), 'INVALID_ARGUMENT', 'INVALID_FIELD', [field])
    await refuse({ pageSize: -1 }, 'page_size')
    await refuse({ actions: ['user.fly'] }, 'actions')
    await refuse({ userId: 'x' }, 'user_id')
    await refuse({ pageToken: 'x' }, 'page_token')
    await refuse({ outcome: 9 as AuditOutcome }, 'outcome')
    await refuse({ actor: { kind: 9 as AuditActorKind } }, 'actor.kind')
  })
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt'
import { LogoutReason } from '@immersiverse/auth-contract'
import { listEvents } from './outbox.ts'
import { assertRefused } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { getVerdict, refresh } from './validations.ts'

const readReason = async (answer: Response) => ((await answer.json()) as { reason: string }).reason
const toMs = (at: Timestamp | undefined) => (at ? timestampDate(at).getTime() : Number.NaN)

describeOnStores('Sessions', (context) => {
  const list = async (userId: string) => (await context.auth.auth.listSessions({ userId })).sessions
  const callEdge = async (method: string, path: string, token: string) =>
    await fetch(`http://127.0.0.1:${context.auth.service.edgePort}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    })

  test('are listed with device, age, last use and address, last used first; ended ones are not', async () => {
    const person = await context.auth.signUp()
    const [web, ios, ended] = [
      await context.auth.logIn(person),
      await context.auth.logIn(person, 'ios'),
      await context.auth.logIn(person),
    ]
    await context.auth.auth.logout({ token: { case: 'accessToken', value: ended.accessToken } })
    await refresh(context.auth, web.refreshToken)
    const [first, second, ...others] = await list(person.id)
    assert.deepEqual(others, [])
    assert.deepEqual([first?.sessionId, second?.sessionId], [web.sessionId, ios.sessionId])
    assert.deepEqual([first?.clientId, second?.clientId], ['web', 'ios'])
    assert.equal(first?.deviceName, 'test')
    assert.equal(first?.lastIp, '127.0.0.1')
    assert.match(first?.lastUserAgent ?? '', /grpc/)
    assert.ok(toMs(first?.lastUsedAt) > toMs(first?.createdAt))
    assert.equal(toMs(second?.lastUsedAt), toMs(second?.createdAt))
    assert.ok(toMs(first?.expiresAt) > Date.now())
  })

  test('that have expired are not listed', async () => {
    const person = await context.auth.signUp()
    const tokens = await context.auth.logIn(person)
    await context.auth.database.kysely
      .updateTable('sessions')
      .set({ idle_expires_at: new Date(Date.now() - 1000) })
      .where('id', '=', tokens.sessionId)
      .execute()
    assert.deepEqual(await list(person.id), [])
  })

  test('are revoked one by one, told once, and revoking again is OK', async () => {
    const person = await context.auth.signUp()
    const [one, two] = [await context.auth.logIn(person), await context.auth.logIn(person)]
    const request = { userId: person.id, sessionId: one.sessionId }
    const { revocation } = await context.auth.auth.revokeSession(request)
    assert.equal(revocation?.entries.length, 1)
    assert.equal(await getVerdict(context.auth, one.accessToken), 'REVOKED')
    assert.equal(await getVerdict(context.auth, two.accessToken), 'VALID')
    const again = await context.auth.auth.revokeSession(request)
    assert.equal(again.revocation?.entries.length, 0)
    const events = await listEvents(context.auth, 'logged_out', person.id)
    assert.deepEqual(
      events.map(({ sessionId, reason }) => [sessionId, reason]),
      [[one.sessionId, LogoutReason.SESSION_REVOKED]],
    )
  })

  test('of another user, of nobody and of no shape are refused', async () => {
    const [mina, jun] = [await context.auth.signUp(), await context.auth.signUp()]
    const tokens = await context.auth.logIn(jun)
    const revoke = (userId: string, sessionId: string) =>
      context.auth.auth.revokeSession({ userId, sessionId })
    await assertRefused(revoke(mina.id, tokens.sessionId), 'NOT_FOUND', 'SESSION_NOT_FOUND')
    await assertRefused(revoke(mina.id, randomUUID()), 'NOT_FOUND', 'SESSION_NOT_FOUND')
    await assertRefused(revoke(randomUUID(), tokens.sessionId), 'NOT_FOUND', 'USER_NOT_FOUND')
    await assertRefused(revoke(mina.id, 'x'), 'INVALID_ARGUMENT', 'INVALID_FIELD', ['session_id'])
    await assertRefused(
      context.auth.auth.listSessions({ userId: randomUUID() }),
      'NOT_FOUND',
      'USER_NOT_FOUND',
    )
    assert.equal(await getVerdict(context.auth, tokens.accessToken), 'VALID')
  })

  test('are listed and revoked over the edge by their own user alone', async () => {
    const [mina, jun] = [await context.auth.signUp(), await context.auth.signUp()]
    const [own, other] = [await context.auth.logIn(mina), await context.auth.logIn(jun)]
    const path = `/v1/users/${mina.id}/sessions`
    const refused = await callEdge('GET', path, other.accessToken)
    assert.deepEqual([refused.status, await readReason(refused)], [403, 'NOT_SELF'])
    const foreign = await callEdge('DELETE', `${path}/${own.sessionId}`, other.accessToken)
    assert.equal(foreign.status, 403)
    const stray = await callEdge('DELETE', `${path}/${other.sessionId}`, own.accessToken)
    assert.deepEqual([stray.status, await readReason(stray)], [404, 'SESSION_NOT_FOUND'])
    const listed = await callEdge('GET', path, own.accessToken)
    const { sessions } = (await listed.json()) as { sessions: { sessionId: string; deviceName: string }[] }
    assert.deepEqual(
      sessions.map(({ sessionId, deviceName }) => [sessionId, deviceName]),
      [[own.sessionId, 'test']],
    )
    const revoked = await callEdge('DELETE', `${path}/${own.sessionId}`, own.accessToken)
    assert.equal(revoked.status, 200)
    const { revocation } = (await revoked.json()) as { revocation: { entries: { type: string }[] } }
    assert.deepEqual(
      revocation.entries.map(({ type }) => type),
      ['REVOCATION_TYPE_SESSION'],
    )
    assert.equal((await callEdge('GET', path, own.accessToken)).status, 401)
    assert.equal(await getVerdict(context.auth, other.accessToken), 'VALID')
  })
})

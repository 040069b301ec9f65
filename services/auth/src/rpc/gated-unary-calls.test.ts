import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { waitUntil } from '../../../../packages/client/src/test/wait-until.ts'
import { knock } from '../../test/knock.ts'
import { assertRefused } from '../../test/refusals.ts'
import type { Caller } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import {
  chat,
  deadlineMs,
  deleteName,
  gateway,
  openGatedServer,
  prove,
  tell,
  toNamedRules,
} from './test/open-gated-server.ts'
import type { UnaryHandler } from './unary-handlers.ts'

const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }

describe('a unary call', { timeout: 2 * deadlineMs }, () => {
  const answer = { revocation: { epoch: 'one' } }

  it('is handled for its caller, and answered', async (t) => {
    const seen: Caller[] = []
    const handler: UnaryHandler = async (caller, request) => {
      seen.push(caller)
      assert.equal((request as unknown as { userId: string }).userId, 'mina')
      return answer
    }
    const { users, finished } = await openGatedServer(t, { handler })
    const { revocation } = await users.deleteUser(
      { userId: 'mina' },
      prove('chat', { 'x-forwarded-for': '9.9.9.9' }),
    )
    assert.equal(revocation?.epoch, 'one')
    const [caller] = seen
    assert.equal(caller?.kind === 'service' && caller.id, chat)
    assert.equal(caller?.origin.ip, '127.0.0.1')
    await waitUntil('the call is told of', () => finished.length === 1)
    assert.deepEqual(tell(finished), [[deleteName, chat, undefined]])
    assert.ok((finished[0]?.startMs ?? 0) > 0)
  })

  it('is handled for the user of a service that may say whose call it is', async (t) => {
    const seen: Caller[] = []
    const handler: UnaryHandler = async (caller) => {
      seen.push(caller)
      return answer
    }
    const { users } = await openGatedServer(t, { handler, rules: toNamedRules({ id: gateway }) })
    await users.deleteUser({}, prove('gateway', { 'x-forwarded-for': '203.0.113.9' }))
    assert.equal(seen[0]?.kind === 'service' && seen[0].id, gateway)
    assert.deepEqual([seen[0]?.origin.ip, seen[0]?.origin.isForwarded], ['203.0.113.9', true])
  })

  it('is not handled for a caller that may not make it, whatever it sends', async (t) => {
    const { client, users, finished } = await openGatedServer(t, {
      rules: toNamedRules({ grants: new Map() }),
    })
    const refusal = await assertRefused(
      users.deleteUser({}, prove()),
      'PERMISSION_DENIED',
      'CALLER_NOT_ALLOWED',
    )
    assert.deepEqual(refusal.metadata, {})
    assert.deepEqual(await knock(client, deleteName, prove().metadata), denied)
    await assertRefused(users.deleteUser({}), 'UNAUTHENTICATED', 'CALLER_NOT_AUTHENTICATED')
    await waitUntil('the calls are told of', () => finished.length === 3)
    assert.deepEqual(tell(finished), [
      [deleteName, chat, 'CALLER_NOT_ALLOWED'],
      [deleteName, chat, 'CALLER_NOT_ALLOWED'],
      [deleteName, 'anonymous', 'CALLER_NOT_AUTHENTICATED'],
    ])
  })

  it('is not handled with bytes that are no request', async (t) => {
    const { client } = await openGatedServer(t)
    const malformed = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
    assert.deepEqual(await knock(client, deleteName, prove().metadata), malformed)
  })

  it('is not handled where it sets a field that its caller may not', async (t) => {
    const { users } = await openGatedServer(t, { handler: async () => ({}) })
    await users.updateUser({ email: 'a@example.org' }, prove())
    const refused = users.updateUser({ email: 'a@example.org', password: '' }, prove())
    const { metadata } = await assertRefused(refused, 'PERMISSION_DENIED', 'FIELD_NOT_ALLOWED')
    assert.deepEqual(metadata, { field: 'password' })
  })

  it('is refused with what its handler throws, and with INTERNAL for what is no refusal', async (t) => {
    const thrown = [new AuthError('USER_NOT_FOUND'), new Error('secret')]
    const handler = () => Promise.reject(thrown.shift())
    const { users, calls, finished } = await openGatedServer(t, { handler })
    await assertRefused(users.deleteUser({}, prove()), 'NOT_FOUND', 'USER_NOT_FOUND')
    const { message } = await assertRefused(users.deleteUser({}, prove()), 'INTERNAL', 'INTERNAL')
    assert.ok(!message.includes('secret'))
    await calls.drain()
    assert.deepEqual(
      finished.map(({ error }) => error?.reason),
      ['USER_NOT_FOUND', 'INTERNAL'],
    )
  })
})

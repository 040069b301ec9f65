import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Metadata } from '@grpc/grpc-js'
import { pino } from 'pino'
import { until } from '../src/store/outbox-testing.ts'
import { openTestAuth, type TestAuth } from './open-test-auth.ts'
import { getRefusal } from './refusals.ts'

/** What would be a line of its own, colour a terminal, turn text around or fill a disk. */
const hostile = '\r\n{"level":60,"msg":"forged"}\u001b[31m\u0000\u009b\u202e\u2028\b'
const huge = 'x'.repeat(50_000)
const lineMax = 2_000

describe('the log', () => {
  const lines: string[] = []
  let auth: TestAuth
  let edge: string
  before(async () => {
    const log = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(line) })
    auth = await openTestAuth({ log })
    edge = `http://127.0.0.1:${auth.service.edgePort}`
  })
  after(() => auth.close())

  /** The lines that `work` writes, each looked at: one line, JSON, short, and nothing in it that a terminal obeys. */
  async function collect(count: number, work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
    const from = lines.length
    await work()
    await until(() => lines.length >= from + count)
    // One more would be one too many.
    await sleep(20)
    const written = lines.slice(from)
    assert.equal(written.length, count, written.join(''))
    return written.map((line) => {
      assert.match(line, /^[^\n\r]*\n$/)
      assert.ok(line.length <= lineMax, `${line.length} characters: ${line.slice(0, 300)}`)
      const facts = JSON.parse(line)
      assert.doesNotMatch(JSON.stringify(facts), /\\u00[0189]|\\[nrb]|[\p{Cc}\p{Cf}\u2028]/u)
      assert.doesNotMatch(line, /forged/)
      return facts
    })
  }

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${edge}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  for (const [name, text] of [
    ['CR, LF, ANSI and NUL', hostile],
    ['50,000 characters', huge],
  ] as const) {
    test(`${name} in the texts of gRPC requests: one short line a refused call`, async () => {
      const client = { clientId: text, deviceName: text }
      const user = { username: text, email: text, password: text, displayName: text, requestId: text }
      const calls = [
        () => auth.auth.login({ identifier: text, password: text }),
        () => auth.auth.login({ identifier: 'x', password: 'x', client }),
        () => auth.auth.refreshToken({ refreshToken: text }),
        () => auth.auth.logout({ token: { case: 'accessToken', value: text } }),
        () => auth.users.createUser(user),
        () => auth.users.getUser({ by: { case: 'userId', value: text } }),
        () => auth.users.updateUser({ userId: text, email: text, roles: { roles: [text] } }),
        () => auth.users.listUsers({ pageToken: text, query: text, role: text, subscriptionTier: text }),
        () => auth.audit.listAuditEvents({ pageToken: text, actions: [text], userId: text }),
      ]
      for (const call of calls) {
        const [line] = await collect(1, () => getRefusal(call()))
        assert.equal(line?.msg, 'call refused')
        // What is refused while it comes in has no caller yet.
        assert.match(
          String(line?.caller),
          line?.reason === 'MESSAGE_TOO_LARGE' ? /^anonymous$/ : /^loopback$/,
        )
        assert.equal(typeof line?.reason, 'string')
      }
    })

    test(`${name} in what the edge reads: bodies, names of fields, queries and paths`, async () => {
      const encoded = encodeURIComponent(text.slice(0, 2000))
      const calls = [
        () => post('/v1/auth/login', { identifier: text, password: text }),
        () => post('/v1/auth/login', { [text]: 1 }),
        () => post('/v1/auth/login', `{"identifier": ${text}`),
        () => post('/v1/auth/refresh', { refreshToken: text, client: { [text]: text } }),
        () => post(`/v1/auth/login?${encoded}=${encoded}`, {}),
        () => post(`/v1/${encoded}`, {}),
        () => fetch(`${edge}/v1/users/${encoded}`, { headers: { authorization: 'Bearer x' } }),
        () => fetch(`${edge}/v1/users/x`, { headers: { authorization: `Bearer ${huge.slice(0, 9000)}` } }),
      ]
      for (const call of calls) {
        const [line] = await collect(1, call)
        assert.equal(line?.msg, 'call refused')
        assert.equal(line?.transport, 'edge')
        assert.match(String(line?.requestId), /^[0-9a-f-]{36}$/)
      }
    })
  }

  test('headers and metadata: user agents, request ids, trace contexts, forwarded addresses', async () => {
    const metadata = new Metadata()
    for (const name of ['x-request-id', 'x-forwarded-for', 'x-user-id', 'traceparent', 'tracestate']) {
      metadata.set(name, `forged ${huge.slice(0, 1000)}`)
    }
    metadata.set('evil-bin', Buffer.from(hostile))
    await collect(1, () => getRefusal(auth.auth.refreshToken({ refreshToken: 'x' }, { metadata })))
    const headers = Object.fromEntries(
      ['user-agent', 'x-request-id', 'x-forwarded-for', 'traceparent', 'referer', 'host'].map((name) => [
        name,
        `forged ${huge.slice(0, 1000)}`,
      ]),
    )
    await collect(1, () => post('/v1/auth/refresh', { refreshToken: 'x' }, headers))
  })

  test('bytes that are no HTTP: one line each, without a byte of them', async () => {
    const send = (bytes: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(auth.service.edgePort, '127.0.0.1', () => socket.write(bytes, 'latin1'))
        socket.on('data', () => undefined).on('error', () => undefined)
        socket.on('close', () => resolve())
      })
    const start = 'GET /v1/users/forged HTTP/1.1\r\nhost: x\r\n'
    for (const bytes of [
      'forged\r\n\r\n',
      `GET /forged\u001b[31m HTTP/1.1\r\nhost: x\r\n\r\n`,
      `${start}user-agent: forged\u0001\u001b[31m\r\n\r\n`,
      `${start}user-agent: forged\rx-forged: 1\r\n\r\n`,
      `${start}x-forged: ${huge}\r\n\r\n`,
      `${start}forged header: 1\r\n\r\n`,
    ]) {
      const [line] = await collect(1, () => send(bytes))
      assert.deepEqual([line?.msg, line?.method], ['call refused', 'unmatched'])
    }
  })

  test('a refused token: the reason, the caller and its id, never the token', async () => {
    const person = await auth.signUp()
    const { accessToken } = await auth.logIn(person)
    const { jti } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    await auth.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    const [remote] = await collect(1, () => auth.auth.validateToken({ accessToken }))
    assert.deepEqual([remote?.reason, remote?.caller, remote?.tokenId], ['REVOKED', 'loopback', jti])
    const headers = { authorization: `Bearer ${accessToken}` }
    const [own] = await collect(1, () => fetch(`${edge}/v1/users/${person.id}`, { headers }))
    assert.deepEqual([own?.reason, own?.caller, own?.tokenId], ['INVALID_ACCESS_TOKEN', 'anonymous', jti])
    const [forged] = await collect(1, () =>
      auth.auth.validateToken({ accessToken: `${accessToken.slice(0, -8)}AAAAAAAA` }),
    )
    assert.equal(forged?.reason, 'BAD_SIGNATURE')
    for (const line of lines) assert.ok(!line.includes(accessToken.split('.')[2] ?? '-'))
  })
})

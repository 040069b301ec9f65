import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'
import { listEvents } from './outbox.ts'

const password = 'a wrong password'

async function findFailedFrom(auth: TestAuth): Promise<unknown> {
  const { key } = await auth.database.kysely
    .selectFrom('outbox')
    .select('key')
    .where('event', '=', 'login_failed')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  return (await listEvents(auth, 'login_failed', key))[0]?.ip
}

async function failOverEdge(auth: TestAuth, forwardedFor: string): Promise<Response> {
  return await fetch(`http://127.0.0.1:${auth.service.edgePort}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': forwardedFor },
    body: JSON.stringify({ identifier: toUniqueName(), password }),
  })
}

test('over the edge a forged address is not recorded, and does not escape the limit of the real one', async () => {
  await using auth = await openTestAuth({ environment: { AUTH_LOGIN_ATTEMPTS_PER_ADDRESS: '2/15m' } })
  for (const forged of ['198.51.100.1', '198.51.100.2']) {
    assert.equal((await failOverEdge(auth, forged)).status, 401)
    assert.equal(await findFailedFrom(auth), '127.0.0.1')
  }
  const refused = await failOverEdge(auth, '198.51.100.3')
  assert.equal(refused.status, 429)
  const problem = (await refused.json()) as { reason: string; retryAfterSeconds: number }
  assert.equal(problem.reason, 'TOO_MANY_LOGINS')
  assert.equal(refused.headers.get('retry-after'), String(problem.retryAfterSeconds))
  assert.ok(problem.retryAfterSeconds > 800 && problem.retryAfterSeconds <= 900)
})

test('behind a trusted proxy each address has its own limit, and an IPv6 network is one', async () => {
  const environment = { AUTH_TRUSTED_PROXIES: '127.0.0.0/8', AUTH_LOGIN_ATTEMPTS_PER_ADDRESS: '2/15m' }
  await using auth = await openTestAuth({ environment })
  const statuses = []
  for (const at of ['198.51.100.1', '9.9.9.9, 198.51.100.1', '8.8.8.8, 198.51.100.1', '198.51.100.2']) {
    statuses.push((await failOverEdge(auth, at)).status)
  }
  assert.deepEqual(statuses, [401, 401, 429, 401])
  assert.equal(await findFailedFrom(auth), '198.51.100.2')
  const networks = []
  for (const at of ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1']) {
    networks.push((await failOverEdge(auth, at)).status)
  }
  assert.deepEqual(networks, [401, 401, 429, 401])
})

test('over gRPC only a caller of the setting passes on an address, and is itself not limited as one', async () => {
  const limited = { AUTH_LOGIN_ATTEMPTS_PER_ADDRESS: '2/15m' }
  const fail = async (auth: TestAuth, forwardedFor?: string) => {
    const metadata = new Metadata()
    if (forwardedFor !== undefined) metadata.set('x-forwarded-for', forwardedFor)
    return await auth.auth.login({ identifier: toUniqueName(), password }, { metadata }).then(
      () => 'OK',
      ({ code }) => code as string,
    )
  }
  await using plain = await openTestAuth({ environment: limited })
  for (let at = 0; at < 3; at += 1) assert.equal(await fail(plain, '198.51.100.1'), 'UNAUTHENTICATED')
  assert.equal(await findFailedFrom(plain), '127.0.0.1')
  await using auth = await openTestAuth({
    environment: { ...limited, AUTH_FORWARDING_CALLERS: 'gateway, loopback' },
  })
  const codes = []
  for (let at = 0; at < 3; at += 1) codes.push(await fail(auth, '198.51.100.1'))
  assert.deepEqual(codes, ['UNAUTHENTICATED', 'UNAUTHENTICATED', 'RESOURCE_EXHAUSTED'])
  for (let at = 0; at < 3; at += 1) assert.equal(await fail(auth), 'UNAUTHENTICATED')
  assert.equal(await fail(auth, '198.51.100.2'), 'UNAUTHENTICATED')
  assert.equal(await findFailedFrom(auth), '198.51.100.2')
})

test('sign-ups and refreshes that fail are limited for their address', async () => {
  const environment = { AUTH_SIGN_UPS_PER_ADDRESS: '1/1h', AUTH_REFRESH_FAILURES_PER_ADDRESS: '1/5m' }
  await using auth = await openTestAuth({ environment })
  const post = async (path: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${auth.service.edgePort}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { reason } = (await answer.json()) as { reason?: string }
    return `${answer.status} ${reason ?? ''}`
  }
  const signUp = async (username = toUniqueName()) =>
    await post('/v1/users', { username, email: `${username}@example.org`, password: 'correct horse battery' })
  assert.equal(await signUp(), '200 ')
  assert.equal(await signUp(), '429 TOO_MANY_SIGN_UPS')
  const refresh = async () => await post('/v1/auth/refresh', { refreshToken: 'forged' })
  assert.equal(await refresh(), '401 INVALID_REFRESH_TOKEN')
  assert.equal(await refresh(), '429 TOO_MANY_REFRESHES')
  const before = auth.database.queryCount()
  assert.equal(await refresh(), '429 TOO_MANY_REFRESHES')
  assert.equal(auth.database.queryCount(), before)
})

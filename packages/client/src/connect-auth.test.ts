import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectAuthOptions, connectAuth } from './connect-auth.ts'
import { startAuthServer } from './test/start-auth-server.ts'

test('it starts before the auth service does and works once that is there', async (t) => {
  const first = await startAuthServer()
  first.stop()
  const warnings: string[] = []
  const logger = { warn: (_: object, message: string) => warnings.push(message), error: () => undefined }
  const options = { address: first.address, verification: 'remote', readyTimeoutMs: 100, logger } as const
  await using auth = await connectAuth(options)
  assert.equal(warnings.length, 1)
  await assert.rejects(auth.verify('user1'), { code: 'UNAVAILABLE' })
  const server = await startAuthServer(first.port)
  t.after(() => server.stop())
  const end = performance.now() + 10_000
  let who = await auth.verify('user1').catch(() => undefined)
  while (who === undefined && performance.now() < end) who = await auth.verify('user1').catch(() => undefined)
  assert.equal(who?.userId, 'user1')
})

test('verify takes an audience and roles', async (t) => {
  const server = await startAuthServer()
  t.after(() => server.stop())
  await using auth = await connectAuth({ address: server.address, verification: 'remote' })
  const who = await auth.verify('user1~admin', { audience: 'chat', requiredRoles: ['admin'] })
  assert.deepEqual(who.roles, ['admin'])
  assert.equal(server.batches[0]?.requests[0]?.audience, 'chat')
  await assert.rejects(auth.verify('user1', { requiredRoles: ['admin'] }), { code: 'PERMISSION_DENIED' })
})

test('users are read by id, at a version or later; unknown ones are NOT_FOUND', async (t) => {
  const server = await startAuthServer()
  t.after(() => server.stop())
  await using auth = await connectAuth({ address: server.address, verification: 'remote' })
  assert.equal((await auth.users.get('known', { minVersion: 6n })).version, 7n)
  await assert.rejects(auth.users.get('other'), { name: 'RpcError', code: 'NOT_FOUND' })
  server.stop()
  await assert.rejects(auth.users.get('known'), { name: 'RpcError', code: 'UNAVAILABLE' })
})

test('another verification than remote or local is refused', async () => {
  const options = { address: 'localhost:1', verification: 'none' } as unknown as ConnectAuthOptions
  await assert.rejects(connectAuth(options), TypeError)
})

test('users are read directly or from memory; another word is refused', async () => {
  const options = { address: 'localhost:1', verification: 'remote', users: 'memory' } as unknown
  await assert.rejects(connectAuth(options as ConnectAuthOptions), {
    name: 'TypeError',
    message: "users is 'direct', 'cached' or the options of the cache",
  })
})

test('a cache that finds no service says that it is not warm, and closes', async () => {
  const logger = { warn: () => undefined, error: () => undefined }
  const options = { address: '127.0.0.1:1', readyTimeoutMs: 1, deadlineMs: 200, logger } as const
  const auth = await connectAuth({ ...options, verification: 'remote', users: { maxUsers: 10 } })
  await assert.rejects(auth.users.get('known'), { name: 'RpcError' })
  await assert.rejects(auth.users.warm(AbortSignal.timeout(50)), { name: 'TimeoutError' })
  assert.equal(auth.status().users?.isWarm, false)
  assert.match(auth.metrics(), /^immersiverse_auth_user_cache_warm 0$/m)
  await auth.close()
})

test('revocations from Kafka need to know where Kafka is; another source than the two is refused', async () => {
  const options = { address: 'localhost:1', verification: 'local' } as const
  await assert.rejects(connectAuth({ ...options, revocations: 'kafka' }), {
    name: 'TypeError',
    message: "revocations: 'kafka' needs kafka: { brokers }",
  })
  const other = { ...options, revocations: 'events' } as unknown as ConnectAuthOptions
  await assert.rejects(connectAuth(other), TypeError)
})

test('closing twice is closing once', async () => {
  const server = await startAuthServer()
  const auth = await connectAuth({ address: server.address, verification: 'remote' })
  await auth.close()
  await auth.close()
  await assert.rejects(auth.verify('user1'), { code: 'UNAVAILABLE', reason: 'CLOSED' })
  server.stop()
})

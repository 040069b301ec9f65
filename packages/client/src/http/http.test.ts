import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import express from 'express'
import Fastify from 'fastify'
import { type Auth, connectAuth } from '../connect-auth.ts'
import { type AuthServer, startAuthServer } from '../test/start-auth-server.ts'

let authServer: AuthServer
let auth: Auth
const fastify = Fastify()
const hooks: string[] = []
const urls: Record<string, string> = {}
const expressServer = createServer(makeExpressApp())

/** All that the answers of these tests may hold. */
interface Body {
  userId: string | null
  body?: { text: string }
  roles: string[]
  status: number
  reason: string
  domain: string
  metadata: object
}

async function read(response: Response): Promise<Body> {
  return (await response.json()) as Body
}

/** Answers through the three kinds of server, all with the same paths. */
type Send = (path: string, token?: string, body?: object) => Promise<Response>

before(async () => {
  authServer = await startAuthServer()
  auth = await connectAuth({ address: authServer.address, verification: 'remote' })
  await setUpFastify()
  urls.fastify = await fastify.listen({ port: 0, host: '127.0.0.1' })
  await new Promise<void>((resolve) => expressServer.listen(0, '127.0.0.1', resolve))
  urls.express = `http://127.0.0.1:${(expressServer.address() as AddressInfo).port}`
})

after(async () => {
  await fastify.close()
  expressServer.close()
  expressServer.closeAllConnections()
  await auth.close()
  authServer.stop()
})

async function setUpFastify(): Promise<void> {
  fastify.addHook('onSend', async () => void hooks.push(`onSend ${auth.findPrincipal()?.userId}`))
  await fastify.register(auth.fastify, { default: 'authenticated' })
  fastify.addHook('preHandler', async () => void hooks.push(`preHandler ${auth.findPrincipal()?.userId}`))
  fastify.addHook('onResponse', async () => void hooks.push(`onResponse ${auth.findPrincipal()?.userId}`))
  fastify.get('/me', async () => ({ userId: auth.principal().userId }))
  fastify.post('/me', async (request) => {
    await nextTurn()
    return { userId: auth.principal().userId, body: request.body }
  })
  fastify.get('/public', { config: { auth: 'public' } }, async () => ({
    userId: auth.findPrincipal()?.userId ?? null,
  }))
  await fastify.register(async (child) => {
    child.get('/admin', { config: { auth: { roles: ['admin'] } } }, async () => ({
      roles: auth.principal().roles,
    }))
  })
}

function makeExpressApp() {
  const app = express()
  // The app is made before there is a connection: look it up per request.
  const guard = (access: Parameters<Auth['express']>[0]['default']): express.RequestHandler => {
    return (request, response, next) => auth.express({ default: access })(request, response, next)
  }
  app.get('/public', guard('public'), (_request, response) => {
    response.json({ userId: auth.findPrincipal()?.userId ?? null })
  })
  app.get('/admin', guard({ roles: ['admin'] }), (_request, response) => {
    response.json({ roles: auth.principal().roles })
  })
  app.use(guard('authenticated'), express.json())
  app.all('/me', async (request, response) => {
    await nextTurn()
    response.json({ userId: auth.principal().userId, body: request.body })
  })
  return app
}

const fetchHandler = async (request: Request): Promise<Response> => {
  const body = request.method === 'POST' ? await request.json() : undefined
  const who = auth.findPrincipal()
  return Response.json({ userId: who?.userId ?? null, body, roles: who?.roles })
}

function sendOver(kind: string): Send {
  return (path, token, body) => {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' }
    const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers }
    if (kind !== 'fetch') return fetch(`${urls[kind]}${path}`, init)
    const routes = { '/public': 'public', '/admin': { roles: ['admin'] } } as const
    const access = (request: Request) => routes[new URL(request.url).pathname as keyof typeof routes]
    return auth.fetch(fetchHandler, { default: 'authenticated', access })(
      new Request(`http://h${path}`, init),
    )
  }
}

for (const kind of ['fastify', 'express', 'fetch']) {
  const send = sendOver(kind)

  test(`${kind}: a handler has the principal, with and without a body`, async () => {
    assert.equal((await read(await send('/me', 'user1'))).userId, 'user1')
    const answer = await read(await send('/me', 'user2', { text: 'x'.repeat(100_000) }))
    assert.equal(answer.userId, 'user2')
    assert.equal(answer.body?.text.length, 100_000)
  })

  test(`${kind}: a public route asks for no token and looks at none`, async () => {
    assert.equal((await read(await send('/public'))).userId, null)
    assert.equal((await send('/public', 'broken')).status, 200)
  })

  test(`${kind}: without a token 401 with a bare challenge`, async () => {
    const response = await send('/me')
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
    const problem = await read(response)
    assert.deepEqual(
      [problem.status, problem.reason, problem.domain],
      [401, 'MISSING_ACCESS_TOKEN', 'auth.immersiverse'],
    )
  })

  test(`${kind}: a token that is not valid gives 401 invalid_token`, async () => {
    const response = await send('/me', 'broken', { a: 1 })
    assert.equal(response.status, 401)
    const challenge = 'Bearer error="invalid_token", error_description="MALFORMED"'
    assert.equal(response.headers.get('www-authenticate'), challenge)
    const problem = await read(response)
    assert.deepEqual(
      [problem.reason, problem.metadata],
      ['INVALID_ACCESS_TOKEN', { validation_reason: 'MALFORMED' }],
    )
  })

  test(`${kind}: a missing role gives 403 insufficient_scope`, async () => {
    assert.deepEqual((await read(await send('/admin', 'user1~admin'))).roles, ['admin'])
    const response = await send('/admin', 'user1~other')
    assert.equal(response.status, 403)
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="insufficient_scope"/)
    assert.equal((await read(response)).reason, 'MISSING_ROLE')
  })

  test(`${kind}: an outage gives 503 with Retry-After and no challenge`, async () => {
    const answerNow = authServer.onBatch
    authServer.onBatch = (stream) => stream.emit('error', { code: status.INTERNAL, details: 'secret' })
    const response = await send('/me', 'user1')
    authServer.onBatch = answerNow
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '1')
    assert.equal(response.headers.get('www-authenticate'), null)
    const text = await response.text()
    assert.equal(JSON.parse(text).reason, 'AUTH_UNAVAILABLE')
    assert.doesNotMatch(text, /secret/)
  })
}

test('fastify: requests at once each keep their own principal, in hooks too', async () => {
  hooks.length = 0
  const users = Array.from({ length: 20 }, (_, n) => `user${n}`)
  const send = sendOver('fastify')
  const answers = await Promise.all(users.map(async (user) => (await send('/me', user, { user })).json()))
  assert.deepEqual(
    answers,
    users.map((user) => ({ userId: user, body: { user } })),
  )
  for (const hook of ['preHandler', 'onSend', 'onResponse']) {
    assert.deepEqual(hooks.filter((line) => line.startsWith(hook)).length, 20, hook)
  }
  assert.ok(!hooks.some((line) => line.endsWith('undefined')), hooks.join())
})

test('a path that is no route is 401 without a token: routes are not told to strangers', async () => {
  assert.equal((await fetch(`${urls.fastify}/nowhere`)).status, 401)
})

test('a route or an option whose access is none stops the start', async () => {
  const app = Fastify()
  await app.register(auth.fastify, { default: 'authenticated' })
  const wrong = { config: { auth: 'Public' as 'public' } }
  assert.throws(() => app.get('/x', wrong, async () => 'x'), TypeError)
  await assert.rejects(
    async () => Fastify().register(auth.fastify, { default: 'all' as 'public' }),
    TypeError,
  )
  assert.throws(() => auth.express({ default: 'all' as 'public' }), TypeError)
  assert.throws(() => auth.fetch(fetchHandler, { default: 'all' as 'public' }), TypeError)
})

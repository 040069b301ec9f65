import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { after, before, beforeEach, test } from 'node:test'
import websocket from '@fastify/websocket'
import { status } from '@grpc/grpc-js'
import { ValidationReason } from '@immersiverse/auth-contract'
import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { WebSocket } from 'ws'
import { type Auth, connectAuth } from '../connect-auth.ts'
import { type AuthServer, answerByName, startAuthServer } from '../test/start-auth-server.ts'
import { waitUntil } from '../test/wait-until.ts'

const heard: string[] = []
const revoked = new Set<string>()
const urls: Record<string, string> = {}
let authServer: AuthServer
let auth: Auth
/** The WebSocket plugin before the guard, and after it. */
const early = Fastify()
const late = Fastify()
const expressServer = createServer()

before(async () => {
  authServer = await startAuthServer()
  authServer.answer = (request) =>
    revoked.has(request.accessToken)
      ? { valid: false, reason: ValidationReason.REVOKED }
      : answerByName(request)
  const { address } = authServer
  auth = await connectAuth({
    address,
    verification: 'remote',
    maxStalenessMs: 900,
    deadlineMs: 900,
    logger: quiet,
  })
  await early.register(websocket)
  await early.register(auth.fastify, { default: 'authenticated' })
  await late.register(auth.fastify, { default: 'authenticated' })
  await late.register(async (child) => {
    await child.register(websocket)
    addSocketRoutes(child)
  })
  addSocketRoutes(early)
  addStreamRoutes(early)
  urls.fastify = await early.listen({ port: 0, host: '127.0.0.1' })
  urls.late = await late.listen({ port: 0, host: '127.0.0.1' })
  expressServer.on('request', makeExpressApp())
  await new Promise<void>((resolve) => expressServer.listen(0, '127.0.0.1', resolve))
  urls.express = `http://127.0.0.1:${(expressServer.address() as AddressInfo).port}`
})

after(async () => {
  await early.close()
  await late.close()
  expressServer.close()
  expressServer.closeAllConnections()
  await auth.close()
  authServer.stop()
})

beforeEach(async () => {
  await waitUntil('the test before has left nothing', () => auth.status().calls.open === 0)
  heard.length = 0
  revoked.clear()
})

const quiet = { warn: () => undefined, error: () => undefined }
const opened = () => waitUntil('it is watched', () => auth.status().calls.open === 1)

function addSocketRoutes(app: FastifyInstance): void {
  app.get('/socket', { websocket: true }, (socket) => {
    heard.push(`opened ${auth.principal().userId}`)
    socket.on('message', (data) => {
      heard.push(`${auth.principal().userId}: ${data}`)
      socket.send(String(data))
    })
    socket.on('close', () => heard.push('closed'))
    auth.revocationSignal().addEventListener('abort', () => heard.push('aborted'))
  })
  app.get('/open-socket', { websocket: true, config: { auth: 'public' } }, (socket) => {
    socket.on('message', (data) => socket.send(String(data)))
  })
}

/** A stream that says something at once, and then nothing. */
const makeEndless = () =>
  new Readable({
    read() {
      if (this.readableLength === 0 && !this.readableDidRead) this.push('data: first\n\n')
    },
  })

function addStreamRoutes(app: FastifyInstance): void {
  app.get('/stream', (_request, reply) => reply.type('text/event-stream').send(makeEndless()))
  app.get('/raw', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
  })
  app.get('/late', async (_request, reply) => {
    heard.push('let in')
    await waitUntil('it is revoked', () => revoked.size > 0)
    reply.hijack()
    reply.raw.writeHead(200).write('data: first\n\n')
  })
  app.get('/logout', async (request) => {
    revoked.add(String(request.headers.authorization).slice('Bearer '.length))
    const signal = auth.revocationSignal()
    await once(signal, 'abort')
    return { reason: signal.reason.reason }
  })
}

function makeExpressApp() {
  const app = express()
  app.use((request, response, next) => auth.express({ default: 'authenticated' })(request, response, next))
  app.get('/raw', (_request, response) => {
    response.type('text/event-stream')
    response.write('data: first\n\n')
  })
  app.get('/stream', (_request, response) => void makeEndless().pipe(response))
  app.get('/logout', async (request, response) => {
    revoked.add(String(request.headers.authorization).slice('Bearer '.length))
    const signal = auth.revocationSignal()
    await once(signal, 'abort')
    response.json({ reason: signal.reason.reason })
  })
  return app
}

async function handleFetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname !== '/logout') return new Response(Readable.toWeb(makeEndless()) as ReadableStream)
  revoked.add('user1')
  const signal = auth.revocationSignal()
  await once(signal, 'abort')
  return Response.json({ reason: signal.reason.reason })
}

const headers = { authorization: 'Bearer user1' }

function send(kind: string, path: string): Promise<Response> {
  if (kind !== 'fetch') return fetch(`${urls[kind]}${path}`, { headers })
  return auth.fetch(handleFetch, { default: 'authenticated' })(new Request(`http://h${path}`, { headers }))
}

for (const [kind, path] of [
  ['fastify', '/stream'],
  ['fastify', '/raw'],
  ['express', '/stream'],
  ['express', '/raw'],
  ['fetch', '/stream'],
] as const) {
  test(`${kind} ${path}: a response that streams breaks off when its caller is revoked`, async () => {
    const response = await send(kind, path)
    const reader = response.body?.getReader()
    const first = await reader?.read()
    assert.equal(Buffer.from(first?.value ?? []).toString(), 'data: first\n\n')
    const rest = reader?.read()
    await opened()
    revoked.add('user1')
    await assert.rejects(async () => await rest)
  })

  test(`${kind} ${path}: nothing is watched any more when the client goes`, async () => {
    const response = await send(kind, path)
    const reader = response.body?.getReader()
    await reader?.read()
    const rest = reader?.read()
    await opened()
    await reader?.cancel()
    await rest
    await waitUntil('nothing is watched', () => auth.status().calls.open === 0)
  })
}

test('fastify: a response that begins to stream after the revocation breaks off', async () => {
  const answering = send('fastify', '/late')
  await waitUntil('the request has been let in', () => heard.includes('let in'))
  revoked.add('user1')
  await assert.rejects(async () => {
    const response = await answering
    await response.text()
  })
})

for (const kind of ['fastify', 'express', 'fetch']) {
  test(`${kind}: the answer to the request that revokes is delivered, and its handler saw the signal`, async () => {
    const response = await send(kind, '/logout')
    assert.deepEqual([response.status, await response.json()], [200, { reason: 'REVOKED' }])
  })
}

function openSocket(kind: string, token?: string, path = '/socket') {
  const init = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }
  const socket = new WebSocket(`${urls[kind]?.replace('http', 'ws')}${path}`, init)
  socket.on('error', () => undefined)
  return socket
}

for (const kind of ['fastify', 'late']) {
  const order = kind === 'late' ? 'after' : 'before'

  test(`a WebSocket of a plugin registered ${order} the guard is closed with 4401 REVOKED`, async () => {
    const socket = openSocket(kind, 'user1')
    await once(socket, 'open')
    socket.send('hello')
    await once(socket, 'message')
    assert.deepEqual(heard, ['opened user1', 'user1: hello'])
    revoked.add('user1')
    const [code, reason] = await once(socket, 'close')
    assert.deepEqual([code, String(reason)], [4401, 'REVOKED'])
    await waitUntil('the handler sees it', () => heard.includes('closed'))
    assert.deepEqual(heard.slice(2), ['aborted', 'closed'])
  })
}

test('a WebSocket without a valid token is refused with 401 before it opens', async () => {
  for (const token of [undefined, 'broken']) {
    const socket = openSocket('fastify', token)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, 401)
    socket.terminate()
  }
})

test('a WebSocket of a public route is not watched', async () => {
  const socket = openSocket('fastify', undefined, '/open-socket')
  await once(socket, 'open')
  socket.send('x')
  await once(socket, 'message')
  assert.equal(auth.status().calls.open, 0)
  socket.close()
})

test('R7 a WebSocket is closed with 1013 when nobody can tell', async () => {
  const socket = openSocket('fastify', 'user1')
  await once(socket, 'open')
  const answerNow = authServer.onBatch
  authServer.onBatch = (batches) => batches.emit('error', { code: status.UNAVAILABLE, details: 'x' })
  const [code, reason] = await once(socket, 'close')
  authServer.onBatch = answerNow
  assert.deepEqual([code, String(reason)], [1013, 'AUTH_UNREACHABLE'])
})

test('a WebSocket whose peer does not answer the close is disconnected, and not heard meanwhile', async () => {
  const socket = openSocket('fastify', 'user1')
  await once(socket, 'open')
  const [server] = early.websocketServer.clients
  // The peer goes on talking and never reads: it does not see that it should close.
  ;(socket as unknown as { _socket: { pause(): void } })._socket.pause()
  revoked.add('user1')
  await waitUntil('it is being closed', () => server?.readyState === WebSocket.CLOSING)
  socket.send('after')
  await once(server ?? socket, 'close')
  assert.ok(!heard.some((line) => line.includes('after')))
  socket.terminate()
})

test('nothing is watched any more when a WebSocket is closed or its connection breaks', async () => {
  for (const end of ['close', 'terminate'] as const) {
    const socket = openSocket('fastify', 'user1')
    await once(socket, 'open')
    await opened()
    socket[end]()
    await waitUntil('nothing is watched', () => auth.status().calls.open === 0)
  }
})

test('openLiveCall watches a token that no guard has seen', async () => {
  const call = await auth.openLiveCall('user1')
  assert.equal(call.principal.userId, 'user1')
  revoked.add('user1')
  await once(call.signal, 'abort')
  assert.deepEqual([call.signal.reason.code, call.signal.reason.reason], ['UNAUTHENTICATED', 'REVOKED'])
  await assert.rejects(auth.openLiveCall('user1'), { reason: 'REVOKED' })
})

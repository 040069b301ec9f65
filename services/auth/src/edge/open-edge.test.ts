import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { AuthService } from '@immersiverse/auth-contract'
import { noProxies } from '../domain/trusted-proxies.ts'
import type { UnaryHandlers } from '../rpc/unary-handlers.ts'
import { makeTrustedProxies } from '../security/trusted-proxies.ts'
import { makeMetrics } from './metrics.ts'
import { openEdge } from './open-edge.ts'
import { type LogLine, makeTestDeps, makeTestLog, testLimits } from './test/make-test-edge.ts'

async function open(
  login: () => Promise<object> = async () => ({}),
  port = 0,
  limits = {},
  proxies = noProxies,
) {
  const lines: LogLine[] = []
  const answer = async () => ({})
  const handlers: UnaryHandlers<typeof AuthService> = {
    login,
    logout: answer,
    refreshToken: answer,
    validateToken: answer,
    getSigningKeys: answer,
    listSessions: answer,
    revokeSession: answer,
    getRevocationStatus: answer,
  }
  const edge = await openEdge({
    deps: makeTestDeps(),
    services: [[AuthService, handlers]],
    logger: makeTestLog(lines),
    metrics: makeMetrics(),
    limits: { ...testLimits, ...limits },
    origins: [],
    onRefused: () => undefined,
    proxies,
    listen: { host: '127.0.0.1', port },
  })
  return { ...edge, lines, [Symbol.asyncDispose]: () => edge.close(100) }
}

/** Sends bytes and reads until the server closes. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('openEdge', () => {
  test('listens and answers', async () => {
    await using edge = await open()
    assert.equal(edge.address, `http://127.0.0.1:${edge.port}`)
    const answer = await fetch(`${edge.address}/v1/auth/login`, { method: 'POST' })
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), {})
  })

  test('says in one line that the port is in use', async () => {
    await using edge = await open()
    await assert.rejects(open(undefined, edge.port), {
      name: 'ListenError',
      message: `cannot listen for HTTP on 127.0.0.1:${edge.port}: the port is in use`,
    })
  })

  test('two authorization headers are MALFORMED, not the first of them', async () => {
    await using edge = await open()
    const head = `POST /v1/auth/logout HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n`
    const text = `${head}authorization: Bearer mina\r\nauthorization: Bearer jun\r\n\r\n`
    assert.match(await exchange(edge.port, text), /^HTTP\/1\.1 401 .*"validation_reason":"MALFORMED"/s)
  })

  test('bytes that are no request and headers that are too large get a problem document', async () => {
    await using edge = await open()
    const nonsense = await exchange(edge.port, 'nonsense\r\n\r\n')
    assert.match(nonsense, /^HTTP\/1\.1 400 .*application\/problem\+json.*"MALFORMED_MESSAGE"/s)
    const large = `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
    assert.match(await exchange(edge.port, large), /^HTTP\/1\.1 431 .*"MESSAGE_TOO_LARGE"/s)
    assert.deepEqual(
      edge.lines.map(({ facts }) => facts.status),
      [400, 431],
    )
  })

  test('a body that breaks off leaves the edge serving', async () => {
    await using edge = await open()
    const socket = connect(edge.port, '127.0.0.1')
    socket.write('POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{')
    await once(socket, 'connect')
    socket.destroy()
    assert.equal((await fetch(`${edge.address}/v1/auth/login`, { method: 'POST' })).status, 200)
  })
})

describe('close', () => {
  test('finishes what runs, refuses what comes on open connections and listens no more', async () => {
    const running = Promise.withResolvers<object>()
    const started = Promise.withResolvers<void>()
    const edge = await open(() => {
      started.resolve()
      return running.promise
    })
    const socket = connect(edge.port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    const request = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`
    socket.write(request('/v1/auth/login'))
    await started.promise
    const closed = edge.close(5_000)
    await assert.rejects(fetch(`${edge.address}/v1/auth/login`, { method: 'POST' }))
    running.resolve({})
    const startMs = performance.now()
    await Promise.all([closed, once(socket, 'close')])
    assert.match(text, /^HTTP\/1\.1 200 .*connection: close/s)
    assert.ok(performance.now() - startMs < 2_000, 'an idle connection held it')
  })

  test('does not wait for connections that are kept alive', async () => {
    const edge = await open()
    const answer = await fetch(`${edge.address}/v1/auth/login`, { method: 'POST' })
    await answer.text()
    const startMs = performance.now()
    await edge.close(5_000)
    assert.ok(performance.now() - startMs < 2_000)
    await edge.close(5_000)
  })

  test('cuts what is left at the deadline', async () => {
    const started = Promise.withResolvers<void>()
    const edge = await open(() => {
      started.resolve()
      return new Promise(() => {})
    })
    const answer = fetch(`${edge.address}/v1/auth/login`, { method: 'POST' })
    const cut = assert.rejects(answer)
    await started.promise
    const startMs = performance.now()
    await edge.close(50)
    await cut
    assert.ok(performance.now() - startMs < 2_000)
  })
})

describe('what the edge takes of a connection', () => {
  test('headers that do not come to their end are answered 408, and a body that does not', async () => {
    await using edge = await open(undefined, 0, { headersTimeoutMs: 300, requestTimeoutMs: 600 })
    const slow = 'POST /v1/auth/login HTTP/1.1\r\nhost: a\r\n'
    assert.match(await exchange(edge.port, slow), /^HTTP\/1\.1 408 /)
    const body = `${slow}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`
    assert.match(await exchange(edge.port, body), /^HTTP\/1\.1 408 /)
    assert.match(await exchange(edge.port, ''), /^HTTP\/1\.1 408 /, 'who says nothing is told the same')
  })

  test('headers that are too large are 431, with the headers that every answer has', async () => {
    await using edge = await open()
    const answer = await exchange(edge.port, `GET / HTTP/1.1\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 431 /)
    assert.match(answer, /content-security-policy: default-src 'none'/)
  })

  test('connections of one address beyond its share are closed, the others go on', async () => {
    await using edge = await open(undefined, 0, { maxConnectionsPerAddress: 2 })
    const openSocket = async () => {
      const socket = connect({ port: edge.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
      socket.on('error', () => undefined)
      await once(socket, 'connect').catch(() => undefined)
      return socket
    }
    const [first, second, third] = [await openSocket(), await openSocket(), await openSocket()]
    if (!third.destroyed) await once(third, 'close')
    assert.deepEqual([first.destroyed, second.destroyed, third.destroyed], [false, false, true])
    assert.equal((await fetch(`${edge.address}/v1/auth/login`, { method: 'POST' })).status, 200)
    first.destroy()
    second.destroy()
  })

  test('an address that opens connections too fast gets no more of them, trusted proxies do', async () => {
    const limits = { connectionRate: { count: 2, windowMs: 3_600_000 } }
    await using edge = await open(undefined, 0, limits, makeTrustedProxies({ networks: ['127.0.0.9'] }))
    const isServed = async (localAddress: string) => {
      const socket = connect({ port: edge.port, host: '127.0.0.1', localAddress })
      const answer = once(socket, 'data').then(
        () => true,
        () => false,
      )
      socket.end('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
      const isAnswered = await Promise.race([answer, once(socket, 'close').then(() => false)])
      socket.destroy()
      return isAnswered
    }
    const ask = async (address: string) => [
      await isServed(address),
      await isServed(address),
      await isServed(address),
    ]
    assert.deepEqual(await ask('127.0.0.2'), [true, true, false])
    assert.deepEqual(await ask('127.0.0.3'), [true, true, false])
    assert.deepEqual(await ask('127.0.0.9'), [true, true, true])
  })

  test('a connection serves so many requests and no more', async () => {
    await using edge = await open(undefined, 0, { maxRequestsPerConnection: 2, keepAliveMs: 200 })
    const request = 'POST /v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n'
    const answers = await exchange(edge.port, request + request + request)
    assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 503'])
    assert.match(answers, /connection: close/i)
  })
})

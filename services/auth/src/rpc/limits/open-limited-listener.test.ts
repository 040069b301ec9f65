import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { expiredCertificate } from '../../../test/expired-certificate.ts'
import { openLimitedListener } from './open-limited-listener.ts'
import type { TransportRefusal } from './transport-limits.ts'

const path = '/test.Echo/Echo'
const { cert, key } = expiredCertificate
const credentials = {
  plaintext: ServerCredentials.createInsecure(),
  TLS: ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }]),
}

/** A server of one method that sends its request back. */
async function open(t: TestContext, kind: keyof typeof credentials) {
  const server = new Server({ 'grpc.enable_channelz': 0 })
  const asItIs = (bytes: Buffer) => bytes
  const echo = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  }
  server.addService(
    { echo },
    {
      echo: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) =>
        done(null, call.request),
    },
  )
  const refusals: TransportRefusal[] = []
  const hour = 3_600_000
  const listener = await openLimitedListener(server, credentials[kind], {
    listen: { host: '127.0.0.1', port: 0 },
    methods: new Map([[path, { isUnary: true }]]),
    onCallRefused: () => undefined,
    onRefused: (refusal) => refusals.push(refusal),
    limits: {
      maxConnections: 10,
      maxConnectionsPerAddress: 10,
      connectionRate: undefined,
      maxStreams: 10,
      maxCalls: 10,
      maxHeaderBytes: 8192,
      handshakeTimeoutMs: 1_000,
      idleMs: hour,
      maxAgeMs: hour,
      maxAgeGraceMs: hour,
      keepaliveMs: hour,
      keepaliveTimeoutMs: hour,
      defaultDeadlineMs: 10_000,
      maxDeadlineMs: 10_000,
    },
  })
  t.after(() => {
    listener.stopAccepting()
    server.forceShutdown()
    listener.destroy()
  })
  const scheme = kind === 'TLS' ? 'https' : 'http'
  const openSession = async () => {
    const session = connectHttp2(`${scheme}://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
    session.on('error', () => undefined)
    t.after(() => session.destroy())
    await once(session, 'connect')
    return session
  }
  return { listener, refusals, openSession }
}

/** The message that comes back, after its five bytes of head. */
async function callEcho(session: ClientHttp2Session, text: string): Promise<string> {
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]))
  const chunks: Buffer[] = await stream.toArray()
  return Buffer.concat(chunks).subarray(5).toString()
}

for (const kind of ['plaintext', 'TLS'] as const) {
  test(`over ${kind} a call is served and its connection counted`, async (t) => {
    const { listener, openSession } = await open(t, kind)
    const session = await openSession()
    assert.equal(await callEcho(session, 'hello'), 'hello')
    assert.deepEqual(listener.status(), { connections: 1, calls: 0 })
  })

  test(`over ${kind} a handshake that stands still is cut, one that is done is not`, async (t) => {
    const { listener, refusals, openSession } = await open(t, kind)
    const session = await openSession()
    const still = connect(listener.port, '127.0.0.1')
    const gone = Promise.withResolvers<void>()
    still.on('error', () => undefined).on('close', gone.resolve)
    await gone.promise
    assert.deepEqual(refusals, ['handshake-timeout'])
    assert.equal(await callEcho(session, 'still here'), 'still here')
  })

  test(`over ${kind} a flood of pings ends the connection`, async (t) => {
    const { refusals, openSession } = await open(t, kind)
    const session = await openSession()
    const isClosed = once(session, 'close')
    for (let sent = 0; sent < 500 && !session.destroyed; sent += 1) {
      session.ping(() => undefined)
      if (sent % 5 === 0) await new Promise(setImmediate)
    }
    await isClosed
    assert.deepEqual(refusals, ['ping-flood'])
  })
}

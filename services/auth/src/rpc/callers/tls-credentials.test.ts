import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import tls, {
  type ConnectionOptions,
  connect as connectTls,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls'
import { Server, ServerCredentials, ServerInterceptingCall, type ServerUnaryCall } from '@grpc/grpc-js'
import { type Authority, makeAuthority } from '../../../../../tools/dev-certs/make-authority.ts'
import type { KeyedCertificate } from '../../../../../tools/dev-certs/make-certificate.ts'
import { findSession } from './find-session.ts'
import { type Peer, readPeer } from './read-peer.ts'
import { TlsCredentials } from './tls-credentials.ts'

const path = '/test.v1.Test/Tell'
const authority = makeAuthority('Test CA')
const issue = (by: Authority = authority, name = 'chat') => by.issue({ name, hosts: ['localhost'] })
const toFiles = ({ cert, key }: KeyedCertificate, { cert: clientCa }: KeyedCertificate = authority) => ({
  cert: Buffer.from(cert),
  key: Buffer.from(key),
  clientCa: Buffer.from(clientCa),
})

/** Credentials whose clock stands at 50,000 ms. */
function makeCredentials(isCertificateNeeded = true): TlsCredentials {
  return new TlsCredentials(toFiles(issue()), { clock: { monotonicMs: () => 50_000 }, isCertificateNeeded })
}

/** A server of one method, which reads who is at the other end of its connection. */
async function openServer(by: ServerCredentials, options: ConstructorParameters<typeof Server>[0] = {}) {
  const peers: Peer[] = []
  const server = new Server(options)
  const asIs = (bytes: Buffer) => bytes
  const [requests, responses] = [
    { requestStream: false, requestSerialize: asIs, requestDeserialize: asIs },
    { responseStream: false, responseSerialize: asIs, responseDeserialize: asIs },
  ]
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, done: (error: null, answer: Buffer) => void) => {
    peers.push(readPeer(findSession(call)))
    done(null, call.request)
  }
  server.addService({ tell: { path, ...requests, ...responses } }, { tell: handle })
  const bound = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', by, (error, port) => (error ? bound.reject(error) : bound.resolve(port)))
  const port = await bound.promise
  return { port, peers, [Symbol.dispose]: () => server.forceShutdown() }
}

type OpenServer = Awaited<ReturnType<typeof openServer>>

/** The client's end of a connection on which a call has been answered; undefined where it was not. */
async function ask({ port }: OpenServer, wish: ConnectionOptions = {}): Promise<TLSSocket | undefined> {
  const target = { port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert }
  const socket = connectTls({ ...target, ALPNProtocols: ['h2'], ...wish })
  const session = connectHttp2(`https://localhost:${port}`, { createConnection: () => socket })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  session.on('error', () => resolve(false))
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }
  const stream = session.request(headers, { signal: AbortSignal.timeout(20_000) })
  stream.on('error', () => resolve(false))
  stream.on('data', () => resolve(true))
  stream.on('close', () => resolve(false))
  // An empty message.
  stream.end(Buffer.alloc(5))
  const isAnswered = await promise
  session.destroy()
  return isAnswered ? socket : undefined
}

describe('TLS credentials', () => {
  it('show the certificate of a peer, and since when the files stand that it was judged by', async () => {
    using server = await openServer(makeCredentials())
    const chat = issue()
    await ask(server, chat)
    const [{ ip = '', certificate } = {}] = server.peers
    assert.equal(ip, '127.0.0.1')
    assert.equal(certificate?.leaf.fingerprint256, new X509Certificate(chat.cert).fingerprint256)
    assert.equal(certificate?.isVerified, true)
    assert.equal(certificate?.judgedMs, 50_000)
  })

  it('let nobody in without a certificate of the authority', async () => {
    using server = await openServer(makeCredentials())
    assert.equal(await ask(server), undefined)
    assert.equal(await ask(server, issue(makeAuthority('Test CA'))), undefined)
  })

  it('where none is needed, let in who has none, and who has one that is refused, marked as such', async () => {
    using server = await openServer(makeCredentials(false))
    for (const wish of [{}, issue(makeAuthority('Test CA')), issue()]) assert.ok(await ask(server, wish))
    assert.deepEqual(
      server.peers.map(({ certificate }) => certificate?.isVerified),
      [undefined, false, true],
    )
  })

  it('speak TLS 1.2 and 1.3 and nothing before, whatever Node does by default', async (t) => {
    const { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS } = tls
    t.after(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_MAX_VERSION, DEFAULT_CIPHERS }))
    Object.assign(tls, {
      DEFAULT_MIN_VERSION: 'TLSv1.1',
      DEFAULT_MAX_VERSION: 'TLSv1.2',
      DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0',
    })
    using server = await openServer(makeCredentials())
    const speak = async (version: SecureVersion) => {
      const only = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      return (await ask(server, { ...issue(), ...only })) !== undefined
    }
    assert.deepEqual([await speak('TLSv1.3'), await speak('TLSv1.2')], [true, true])
    assert.equal(await speak('TLSv1.1'), false)
  })

  it('speak HTTP/2 and nothing else', async () => {
    using server = await openServer(makeCredentials())
    const both = await ask(server, { ...issue(), ALPNProtocols: ['http/1.1', 'h2'] })
    assert.equal(both?.alpnProtocol, 'h2')
    const other = connectTls({
      ...issue(),
      port: server.port,
      ca: authority.cert,
      ALPNProtocols: ['http/1.1'],
    })
    await assert.rejects(once(other, 'secureConnect'), {
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    })
  })

  it('resume no session: a certificate is asked for again', async () => {
    using server = await openServer(makeCredentials())
    const old = { ...issue(), maxVersion: 'TLSv1.2' } as const
    const session = (await ask(server, old))?.getSession()
    assert.ok(session)
    assert.equal((await ask(server, { ...old, session }))?.isSessionReused(), false)
  })

  it('are equal to themselves alone', () => {
    const own = makeCredentials()
    assert.equal(own._equals(own), true)
    assert.equal(own._equals(makeCredentials()), false)
  })
})

describe('TLS credentials that are replaced', () => {
  const second = makeAuthority('Second CA')
  const next = issue(authority, 'next')

  it('serve new connections by the new files', async () => {
    const own = makeCredentials()
    using server = await openServer(own)
    const shown: string[] = []
    const checkServerIdentity: ConnectionOptions['checkServerIdentity'] = (_, { fingerprint256 }) =>
      void shown.push(fingerprint256)
    assert.equal(await ask(server, issue(second)), undefined)
    own.replace(toFiles(next, second))
    assert.ok(await ask(server, { ...issue(second), checkServerIdentity }))
    assert.deepEqual(shown, [new X509Certificate(next.cert).fingerprint256])
    assert.equal(await ask(server, issue()), undefined)
  })

  it('say of a connection that was there before that its files may be as old as a handshake', async () => {
    const own = makeCredentials()
    using server = await openServer(own)
    const early = connect({ port: server.port, host: '127.0.0.1' })
    await once(early, 'connect')
    // Who comes later is accepted later.
    await ask(server, issue())
    own.replace(toFiles(next))
    assert.ok(await ask(server, { ...issue(), socket: early }))
    assert.ok(await ask(server, issue()))
    assert.deepEqual(
      server.peers.map(({ certificate }) => certificate?.judgedMs),
      [50_000, 40_000, 50_000],
    )
  })
})

describe('a peer', () => {
  it('has an address and no certificate without TLS', async () => {
    using server = await openServer(ServerCredentials.createInsecure())
    const session = connectHttp2(`http://127.0.0.1:${server.port}`)
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' })
    stream.end(Buffer.alloc(5))
    await once(stream, 'data')
    session.destroy()
    assert.deepEqual(server.peers, [{ ip: '127.0.0.1', certificate: undefined }])
  })

  it('is found behind interceptors, too', async () => {
    const interceptors = [1, 2].map(
      () => (_: unknown, call: ConstructorParameters<typeof ServerInterceptingCall>[0]) =>
        new ServerInterceptingCall(call),
    )
    using server = await openServer(makeCredentials(), { interceptors })
    assert.ok(await ask(server, issue()))
    assert.equal(server.peers[0]?.certificate?.isVerified, true)
  })

  it('is nobody where the connection is gone', () => {
    assert.deepEqual(readPeer(undefined), { ip: '', certificate: undefined })
    assert.equal(findSession({}), undefined)
  })
})

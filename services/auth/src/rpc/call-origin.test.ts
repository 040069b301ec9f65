import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Client, credentials, Metadata, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import { waitUntil } from '../../../../packages/client/src/test/wait-until.ts'
import { toGrpcCaller } from './call-origin.ts'

const path = '/test.v1.Test/Wait'
const asIs = (bytes: Buffer) => bytes

it('a call is abandoned when its caller has gone or its deadline has passed', async (t) => {
  const callers: ReturnType<typeof toGrpcCaller>[] = []
  const server = new Server()
  const codec = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
  const wait = { path, requestStream: false, responseStream: false, ...codec }
  // It never answers: whoever calls must leave.
  const handle = (call: ServerUnaryCall<Buffer, Buffer>) => void callers.push(toGrpcCaller(call, 'test', ''))
  server.addService({ wait }, { wait: handle })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  t.after(() => {
    client.close()
    server.forceShutdown()
  })
  const ask = (options: object) =>
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), options, () => undefined)
  const call = ask({})
  await waitUntil('the call', () => callers.length === 1)
  assert.equal(callers[0]?.origin.isAbandoned?.(), false)
  call.cancel()
  await waitUntil('the caller to have gone', () => callers[0]?.origin.isAbandoned?.() === true)
  ask({ deadline: Date.now() + 300 })
  await waitUntil('the second call', () => callers.length === 2)
  await waitUntil('the deadline to pass', () => callers[1]?.origin.isAbandoned?.() === true)
})

/** What a call with this metadata says of itself. */
function read(entries: Readonly<Record<string, string>>) {
  const metadata = Metadata.fromHttp2Headers(entries)
  const caller = toGrpcCaller({ metadata, cancelled: false }, 'chat', '10.0.0.1')
  assert.ok(caller.kind === 'service')
  const { kind: _kind, ...facts } = caller
  const { isAbandoned: _, ...origin } = facts.origin
  return { ...facts, origin }
}

it('who calls and from where is the transport’s to say, the metadata’s never', () => {
  const claims = { 'x-forwarded-for': '1.1.1.1', 'x-user-id': 'mina', authorization: 'Bearer a.b.c' }
  const caller = { id: 'chat', origin: { ip: '10.0.0.1', userAgent: '' } }
  assert.deepEqual(read(claims), caller)
  assert.equal(read({ 'user-agent': 'grpc/1', ...claims }).origin.userAgent, 'grpc/1')
})

it('a user agent is cut to its bound', () => {
  const { userAgent } = read({ 'user-agent': 'x'.repeat(bounds.userAgentMax + 1) }).origin
  assert.equal(userAgent, 'x'.repeat(bounds.userAgentMax))
})

it('a trace is kept where it is one', () => {
  const trace = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
  assert.equal(read({ traceparent: trace }).origin.traceparent, trace)
  for (const none of ['', 'x', `${trace}-x`, `01${trace.slice(2)}`]) {
    assert.ok(!('traceparent' in read({ traceparent: none }).origin), none)
  }
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Client, credentials, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js'
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

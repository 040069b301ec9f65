import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { toMessage } from './frames.ts'
import { type LoadConnection, openConnection } from './open-connection.ts'
import { runLoad } from './run-load.ts'

const path = '/bench.Test/Call'
const pass = (bytes: Buffer) => bytes
const types = {
  requestStream: false,
  responseStream: false,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const

/** A grpc-js server that answers with what it was sent, and refuses `no`. */
async function openEcho(t: TestContext): Promise<LoadConnection> {
  const server = new Server()
  const answer = (call: { request: Buffer }, callback: (error: object | null, bytes?: Buffer) => void) => {
    if (call.request.toString() === 'no') callback({ code: status.UNAVAILABLE, details: 'no' })
    else callback(null, call.request)
  }
  server.addService({ Call: { ...types, path } }, { Call: answer as never })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const connection = await openConnection(port, path)
  t.after(() => {
    connection.close()
    server.forceShutdown()
  })
  return connection
}

function call(connection: LoadConnection, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    connection.call(toMessage(bytes), (answer) =>
      answer instanceof Error ? reject(answer) : resolve(answer),
    )
  })
}

test('grpc-js understands the calls, the first and those that name its headers by index', async (t) => {
  const connection = await openEcho(t)
  for (const size of [0, 1, 700, 16_000]) {
    const bytes = Buffer.alloc(size, 0x61)
    assert.deepEqual(await call(connection, bytes), bytes)
  }
})

test('answers find their calls among many', async (t) => {
  const connection = await openEcho(t)
  const texts = Array.from({ length: 200 }, (_, place) => `call ${place}`)
  const answers = await Promise.all(texts.map((text) => call(connection, Buffer.from(text))))
  assert.deepEqual(answers.map(String), texts)
})

test('a refused call is an error, and ends the load', async (t) => {
  const connection = await openEcho(t)
  await assert.rejects(call(connection, Buffer.from('no')), /refused/)
  let calls = 0
  const load = runLoad({
    call: (_slot, done) => {
      const bytes = Buffer.from(++calls === 50 ? 'no' : 'yes')
      connection.call(toMessage(bytes), (answer) => done(answer instanceof Error ? answer : undefined))
    },
    inFlight: 4,
    seconds: 0.2,
    warmUpSeconds: 0,
    serverPid: process.pid,
  })
  await assert.rejects(load, /refused/)
})

test('a lost connection fails what waits', async (t) => {
  const server = new Server()
  server.addService({ Call: { ...types, path } }, { Call: () => setImmediate(() => server.forceShutdown()) })
  const port = await new Promise<number>((resolve) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, bound) => resolve(bound))
  })
  const connection = await openConnection(port, path)
  t.after(() => connection.close())
  await assert.rejects(call(connection, Buffer.from('yes')))
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { ErrorInfoSchema, StatusSchema, ValidationReason } from '@immersiverse/auth-contract'
import { type Auth, connectAuth } from '../connect-auth.ts'
import { type AuthServer, answerByName, bind, startAuthServer } from '../test/start-auth-server.ts'
import { waitUntil } from '../test/wait-until.ts'

const toBytes = (text: string) => Buffer.from(text)
const fromBytes = (bytes: Buffer) => bytes.toString()
const define = (
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<string, string> => ({
  path: `/live.v1.LiveService/${name}`,
  requestStream,
  responseStream,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
})
const LiveService = {
  Wait: define('Wait', false, false),
  Upload: define('Upload', true, false),
  Watch: define('Watch', false, true),
  Flood: define('Flood', false, true),
  Talk: define('Talk', true, true),
  Iterate: define('Iterate', true, true),
}

/** What handlers saw of their calls. */
const seen: string[] = []
const logged: unknown[] = []
const revoked = new Set<string>()
const destroys: (() => void)[] = []
let authServer: AuthServer
let auth: Auth
let server: Server
let client: Client

const note = (name: string, call: { on(event: string, listener: () => void): unknown }) => {
  for (const event of ['cancelled', 'close']) call.on(event, () => seen.push(`${name} ${event}`))
  auth.revocationSignal().addEventListener('abort', () => seen.push(`${name} aborted`))
}

const handlers = {
  Wait(_call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) {
    const signal = auth.revocationSignal()
    signal.addEventListener('abort', () => callback(null, `aborted: ${signal.reason.reason}`))
  },
  Upload(call: ServerReadableStream<string, string>, callback: sendUnaryData<string>) {
    note('Upload', call)
    call.resume()
    call.on('close', () => callback(null, 'too late'))
  },
  Watch(call: ServerWritableStream<string, string>) {
    note('Watch', call)
    if (call.request === 'throw') throw new Error('a fault of the handler')
    if (call.request === 'end') call.end()
    // A handler that hears of nothing and goes on writing for ever.
    const timer = setInterval(() => call.write('tick'), 1)
    call.on('cancelled', () => setTimeout(() => clearInterval(timer), 100))
  },
  Flood(call: ServerWritableStream<string, string>) {
    note('Flood', call)
    for (let n = 0; n < 200; n++) call.write('x'.repeat(100_000))
  },
  Talk(call: ServerDuplexStream<string, string>) {
    note('Talk', call)
    destroys.push(() => call.destroy())
    call.on('data', (text: string) => {
      seen.push(`Talk heard ${text}`)
      call.write(text)
    })
    call.on('end', () => call.end())
  },
  async Iterate(call: ServerDuplexStream<string, string>) {
    for await (const text of call) call.write(text)
    call.end()
  },
}

before(async () => {
  authServer = await startAuthServer()
  const logger = { warn: () => undefined, error: (fields: object) => logged.push(fields) }
  const { address } = authServer
  auth = await connectAuth({ address, verification: 'remote', maxStalenessMs: 900, deadlineMs: 900, logger })
  server = new Server()
  server.addService(LiveService, auth.guard(LiveService, handlers, { default: 'authenticated' }))
  client = new Client(`127.0.0.1:${await bind(server)}`, credentials.createInsecure())
  authServer.answer = (request) =>
    revoked.has(request.accessToken)
      ? { valid: false, reason: ValidationReason.REVOKED }
      : answerByName(request)
})

after(async () => {
  client.close()
  server.forceShutdown()
  await auth.close()
  authServer.stop()
})

beforeEach(async () => {
  await waitUntil('the test before has left nothing', () => auth.status().calls.open === 0)
  seen.length = 0
  logged.length = 0
  revoked.clear()
})

const open = () => auth.status().calls.open
const ended = () => auth.status().calls.ended

function bearer(token = 'user1'): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

function watch(method: 'Watch' | 'Flood', request = 'go') {
  const stream = client.makeServerStreamRequest(
    LiveService[method].path,
    toBytes,
    fromBytes,
    request,
    bearer(),
  )
  stream.on('error', () => undefined)
  return stream
}

function talk(method: 'Talk' | 'Iterate' = 'Talk') {
  const stream = client.makeBidiStreamRequest(LiveService[method].path, toBytes, fromBytes, bearer())
  stream.on('error', () => undefined)
  stream.resume()
  return stream
}

function upload() {
  const answered = Promise.withResolvers<string | undefined>()
  const stream = client.makeClientStreamRequest(
    LiveService.Upload.path,
    toBytes,
    fromBytes,
    bearer(),
    (error, value) => (error === null ? answered.resolve(value) : answered.reject(error)),
  )
  answered.promise.catch(() => undefined)
  return { stream, answer: answered.promise }
}

const opened = (count = 1) => waitUntil('the call is watched', () => open() === count)
const emptied = () => waitUntil('nothing is watched', () => open() === 0)

function readReason(error: ServiceError): unknown[] {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const [detail] = fromBinary(StatusSchema, bytes as Buffer).details
  const info = detail && anyUnpack(detail, ErrorInfoSchema)
  return [status[error.code], info?.domain, info?.reason, info?.metadata.validation_reason]
}

const isRevoked = (error: unknown) => {
  const refusal = ['UNAUTHENTICATED', 'auth.immersiverse', 'INVALID_ACCESS_TOKEN', 'REVOKED']
  assert.deepEqual(readReason(error as ServiceError), refusal)
  return true
}

test('a revoked bidi call ends with the refusal, and its handler sees the signal, close and cancelled', async () => {
  const stream = talk()
  stream.write('a')
  await waitUntil('the handler runs', () => seen.includes('Talk heard a'))
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  await waitUntil('grpc-js is done', () => seen.includes('Talk cancelled'))
  assert.deepEqual(seen.toSorted(), ['Talk aborted', 'Talk cancelled', 'Talk close', 'Talk heard a'])
  assert.equal(open(), 0)
})

test('a revoked server stream ends with the refusal though its handler goes on writing', async () => {
  const stream = watch('Watch')
  stream.resume()
  await opened()
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  await waitUntil('grpc-js is done', () => seen.includes('Watch cancelled'))
  assert.deepEqual(logged, [])
  assert.equal(open(), 0)
})

test('a revoked client stream ends with the refusal, and the answer its handler still gives goes nowhere', async () => {
  const { stream, answer } = upload()
  stream.write('a')
  await opened()
  revoked.add('user1')
  await assert.rejects(answer, isRevoked)
  await emptied()
})

test('a client that does not read is ended too: what waits in the handler is dropped', async () => {
  const stream = watch('Flood')
  stream.pause()
  const failed = once(stream, 'error')
  await opened()
  revoked.add('user1')
  await waitUntil('the handler sees the end', () => seen.includes('Flood close'))
  assert.equal(open(), 0)
  let bytes = 0
  stream.on('data', (text: string) => {
    bytes += text.length
  })
  const [error] = await failed
  isRevoked(error)
  assert.ok(bytes < 20_000_000, `${bytes} bytes came`)
})

test('what a client sends after its revocation is not heard', async () => {
  const stream = talk()
  stream.write('a')
  await waitUntil('the handler runs', () => seen.includes('Talk heard a'))
  revoked.add('user1')
  stream.on('error', () => undefined)
  await waitUntil('the handler sees the end', () => seen.includes('Talk close'))
  stream.write('b')
  const other = client.makeBidiStreamRequest(LiveService.Iterate.path, toBytes, fromBytes, bearer('user2'))
  other.end('c')
  assert.deepEqual(await once(other, 'data'), ['c'])
  assert.ok(!seen.includes('Talk heard b'))
})

test('a handler that iterates is not said to have thrown', async () => {
  const stream = talk('Iterate')
  stream.write('a')
  await opened()
  revoked.add('user1')
  const [error] = await once(stream, 'error')
  isRevoked(error)
  assert.deepEqual(logged, [])
})

test('R8 somebody else’s call goes on', async () => {
  const other = client.makeBidiStreamRequest(LiveService.Talk.path, toBytes, fromBytes, bearer('user2'))
  other.on('error', () => undefined)
  const stream = talk()
  await opened(2)
  revoked.add('user1')
  await once(stream, 'error')
  other.write('still here')
  const [text] = await once(other, 'data')
  assert.equal(text, 'still here')
  other.end()
  await emptied()
})

test('the signal works in a unary call, which itself is not ended', async () => {
  const answered = Promise.withResolvers<string | undefined>()
  client.makeUnaryRequest(LiveService.Wait.path, toBytes, fromBytes, 'x', bearer(), (error, value) =>
    error === null ? answered.resolve(value) : answered.reject(error),
  )
  await opened()
  revoked.add('user1')
  assert.equal(await answered.promise, 'aborted: REVOKED')
  await emptied()
})

test('R7 when ValidateToken cannot be reached a call ends with UNAVAILABLE, not as revoked', async () => {
  const stream = talk()
  await opened()
  const before = ended().AUTH_UNREACHABLE ?? 0
  const answerNow = authServer.onBatch
  authServer.onBatch = (batches) => batches.emit('error', { code: status.UNAVAILABLE, details: 'x' })
  const [error] = await once(stream, 'error')
  authServer.onBatch = answerNow
  assert.deepEqual(readReason(error), ['UNAVAILABLE', 'auth.immersiverse', 'AUTH_UNAVAILABLE', undefined])
  assert.equal(ended().AUTH_UNREACHABLE, before + 1)
})

const endings: Record<string, () => Promise<void>> = {
  'the client cancels': async () => {
    const streams = [talk(), watch('Watch'), upload().stream]
    await opened(3)
    for (const stream of streams) stream.cancel()
  },
  'the handler ends it': async () => {
    const stream = talk()
    const watching = watch('Watch', 'end')
    watching.resume()
    await opened()
    stream.end()
  },
  'the handler throws': async () => {
    const stream = watch('Watch', 'throw')
    stream.resume()
    await once(stream, 'error')
  },
  'the handler destroys it': async () => {
    destroys.length = 0
    const stream = talk()
    await opened()
    destroys[0]?.()
    stream.cancel()
  },
  'the connection breaks': async () => {
    const broken = new Client(
      client.getChannel().getTarget().replace('dns:', ''),
      credentials.createInsecure(),
      {
        'grpc.use_local_subchannel_pool': 1,
      },
    )
    const stream = broken.makeBidiStreamRequest(LiveService.Talk.path, toBytes, fromBytes, bearer())
    stream.on('error', () => undefined)
    await opened()
    broken.close()
    stream.cancel()
  },
}

for (const [how, run] of Object.entries(endings)) {
  test(`nothing is watched any more after ${how}`, async () => {
    await run()
    await emptied()
  })
}

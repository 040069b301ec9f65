import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
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
import { ErrorInfoSchema, StatusSchema } from '@immersiverse/auth-contract'
import { type Auth, connectAuth } from '../connect-auth.ts'
import { type AuthServer, bind, startAuthServer } from '../test/start-auth-server.ts'
import type { GuardOptions } from './make-guard.ts'

type Text = { text: string }
type Definition = MethodDefinition<Text, Text>

const toBytes = (value: Text) => Buffer.from(JSON.stringify(value))
const fromBytes = (bytes: Buffer) => JSON.parse(bytes.toString()) as Text
const define = (name: string, requestStream: boolean, responseStream: boolean): Definition => ({
  path: `/chat.v1.ChatService/${name}`,
  requestStream,
  responseStream,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
  originalName: name.charAt(0).toLowerCase() + name.slice(1),
})

/** One method of each kind, and some more unary ones. */
const ChatService = {
  Say: define('Say', false, false),
  Ping: define('Ping', false, false),
  Admin: define('Admin', false, false),
  Throw: define('Throw', false, false),
  Upload: define('Upload', true, false),
  Watch: define('Watch', false, true),
  Talk: define('Talk', true, true),
}
const options: GuardOptions = {
  default: 'authenticated',
  methods: { Ping: 'public', Admin: { roles: ['admin'] } },
}

let authServer: AuthServer
let auth: Auth
let server: Server
let client: Client
const logged: unknown[] = []

class Chat {
  readonly greeting = 'hello'
  readonly seen: string[] = []

  say(_call: ServerUnaryCall<Text, Text>, callback: sendUnaryData<Text>) {
    setImmediate(() => callback(null, { text: `${this.greeting} ${auth.principal().userId}` }))
  }
  ping(_call: ServerUnaryCall<Text, Text>, callback: sendUnaryData<Text>) {
    callback(null, { text: String(auth.findPrincipal()?.userId) })
  }
  admin(_call: ServerUnaryCall<Text, Text>, callback: sendUnaryData<Text>) {
    callback(null, { text: auth.principal().roles.join() })
  }
  async throw() {
    await nextTurn()
    throw new Error('secret')
  }
  upload(call: ServerReadableStream<Text, Text>, callback: sendUnaryData<Text>) {
    const parts: string[] = []
    call.on('data', ({ text }: Text) => parts.push(`${text}@${auth.principal().userId}`))
    call.once('end', () => callback(null, { text: `${parts.join()};${auth.principal().userId}` }))
  }
  async watch(call: ServerWritableStream<Text, Text>) {
    for (let n = 0; n < 3; n++) {
      await nextTurn()
      call.write({ text: `${call.request.text}${n}@${auth.principal().userId}` })
    }
    call.end()
  }
  talk(call: ServerDuplexStream<Text, Text>) {
    call.on('data', ({ text }: Text) => call.write({ text: `${text}@${auth.principal().userId}` }))
    call.on('end', () => {
      this.seen.push(auth.principal().userId)
      call.end()
    })
  }
}

const chat = new Chat()

before(async () => {
  authServer = await startAuthServer()
  const logger = { warn: () => undefined, error: (fields: object) => logged.push(fields) }
  auth = await connectAuth({ address: authServer.address, verification: 'remote', logger })
  server = new Server()
  server.addService(ChatService, auth.guard(ChatService, chat, options))
  client = new Client(`127.0.0.1:${await bind(server)}`, credentials.createInsecure())
})

after(async () => {
  client.close()
  server.forceShutdown()
  await auth.close()
  authServer.stop()
})

function bearer(token: string | undefined): Metadata {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

function call(method: keyof typeof ChatService, metadata: Metadata): Promise<string> {
  const { path } = ChatService[method]
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, toBytes, fromBytes, { text: 'x' }, metadata, (error, value) =>
      error === null ? resolve(value?.text ?? '') : reject(error),
    )
  })
}

function talk(token: string | undefined) {
  return client.makeBidiStreamRequest(ChatService.Talk.path, toBytes, fromBytes, bearer(token))
}

async function collect(stream: AsyncIterable<Text>): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of stream) texts.push(text)
  return texts
}

const isRefused =
  (code: status, reason: string, metadata: Record<string, string> = {}) =>
  (error: ServiceError) => {
    const [bytes] = error.metadata.get('grpc-status-details-bin')
    const [detail] = fromBinary(StatusSchema, bytes as Buffer).details
    const info = detail && anyUnpack(detail, ErrorInfoSchema)
    assert.deepEqual(
      [error.code, info?.domain, info?.reason, info?.metadata],
      [code, 'auth.immersiverse', reason, metadata],
    )
    return true
  }

test('a unary handler keeps its `this` and has the principal after it waited', async () => {
  assert.equal(await call('Say', bearer('user1')), 'hello user1')
})

test('a public method asks for no token and looks at none', async () => {
  const asked = authServer.batches.length
  assert.equal(await call('Ping', bearer(undefined)), 'undefined')
  assert.equal(await call('Ping', bearer('broken')), 'undefined')
  assert.equal(authServer.batches.length, asked)
})

test('no token and another scheme are UNAUTHENTICATED MISSING_ACCESS_TOKEN', async () => {
  const basic = new Metadata()
  basic.set('authorization', 'Basic abc')
  for (const metadata of [bearer(undefined), basic]) {
    await assert.rejects(call('Say', metadata), isRefused(status.UNAUTHENTICATED, 'MISSING_ACCESS_TOKEN'))
  }
})

test('a token that is not valid is UNAUTHENTICATED with the validation reason', async () => {
  for (const metadata of [bearer('broken'), bearer('a b')]) {
    const malformed = isRefused(status.UNAUTHENTICATED, 'INVALID_ACCESS_TOKEN', {
      validation_reason: 'MALFORMED',
    })
    await assert.rejects(call('Say', metadata), malformed)
  }
})

test('roles of a method are required, all of them', async () => {
  assert.equal(await call('Admin', bearer('user1~admin/x')), 'admin,x')
  await assert.rejects(call('Admin', bearer('user1~x')), isRefused(status.PERMISSION_DENIED, 'MISSING_ROLE'))
})

test('a client stream loses nothing it sent before it was verified, and its listeners have the principal', async () => {
  const answered = Promise.withResolvers<Text | undefined>()
  const stream = client.makeClientStreamRequest(
    ChatService.Upload.path,
    toBytes,
    fromBytes,
    bearer('user1'),
    (error, value) => (error === null ? answered.resolve(value) : answered.reject(error)),
  )
  for (const text of ['a', 'b', 'c']) stream.write({ text })
  stream.end()
  assert.equal((await answered.promise)?.text, 'a@user1,b@user1,c@user1;user1')
})

test('a server stream has the principal in all it awaits', async () => {
  const stream = client.makeServerStreamRequest(
    ChatService.Watch.path,
    toBytes,
    fromBytes,
    { text: 'w' },
    bearer('user1'),
  )
  assert.deepEqual(await collect(stream), ['w0@user1', 'w1@user1', 'w2@user1'])
})

test('many streams at once each keep their own principal', async () => {
  const users = Array.from({ length: 20 }, (_, n) => `user${n}`)
  const texts = await Promise.all(
    users.map((user) => {
      const stream = talk(user)
      stream.write({ text: 'a' })
      setImmediate(() => stream.end({ text: 'b' }))
      return collect(stream)
    }),
  )
  assert.deepEqual(
    texts,
    users.map((user) => [`a@${user}`, `b@${user}`]),
  )
  assert.deepEqual(chat.seen.toSorted(), users.toSorted())
})

test('streams without a valid token are refused', async () => {
  const stream = talk('broken')
  stream.write({ text: 'a' })
  await assert.rejects(collect(stream), { code: status.UNAUTHENTICATED })
  const upload = Promise.withResolvers<void>()
  client
    .makeClientStreamRequest(ChatService.Upload.path, toBytes, fromBytes, bearer(undefined), (error) =>
      error === null ? upload.resolve() : upload.reject(error),
    )
    .write({ text: 'a' })
  await assert.rejects(upload.promise, { code: status.UNAUTHENTICATED })
  const watch = client.makeServerStreamRequest(
    ChatService.Watch.path,
    toBytes,
    fromBytes,
    { text: '' },
    bearer(undefined),
  )
  await assert.rejects(collect(watch), { code: status.UNAUTHENTICATED })
})

test('a handler that throws is answered with a fixed text and logged', async () => {
  await assert.rejects(call('Throw', bearer('user1')), { code: status.UNKNOWN, details: 'Unknown error' })
  assert.equal(logged.length, 1)
})

test('an outage is UNAVAILABLE, never an invalid token', async () => {
  const answerNow = authServer.onBatch
  authServer.onBatch = (stream) => stream.emit('error', { code: status.INTERNAL, details: 'x' })
  await assert.rejects(call('Say', bearer('user1')), isRefused(status.UNAVAILABLE, 'AUTH_UNAVAILABLE'))
  authServer.onBatch = answerNow
})

test('start-up stops for a method the service does not have and for an access that is none', () => {
  const guard = (methods: Record<string, unknown>) => () =>
    auth.guard(ChatService, chat, { default: 'public', methods } as GuardOptions)
  assert.throws(guard({ Pong: 'public' }), TypeError)
  assert.throws(guard({ ping: 'public' }), TypeError)
  assert.throws(guard({ Ping: 'Public' }), TypeError)
  assert.throws(guard({ Ping: { roles: 'admin' } }), TypeError)
  assert.throws(guard({ Ping: { roles: [''] } }), TypeError)
  assert.throws(() => auth.guard(ChatService, chat, {} as GuardOptions), TypeError)
})

test('outside of a request there is no principal', () => {
  assert.equal(auth.findPrincipal(), undefined)
  assert.throws(() => auth.principal(), { name: 'AuthError', code: 'UNAUTHENTICATED' })
})

import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js'
import type { Access, Auth } from '@immersiverse/auth-client'
import express from 'express'
import fastify from 'fastify'
import { WebSocket } from 'ws'

/** How a stream ended, as its client saw it, and when by `performance.now()`. */
export interface StreamEnd {
  readonly how: string
  readonly atMs: number
}

/** A stream that its client holds open. */
export interface OpenStream {
  readonly kind: string
  /** Undefined while it is open. */
  readonly end: () => StreamEnd | undefined
  readonly ended: Promise<StreamEnd>
  /** Ended by its client. */
  close(): void
}

/** A service that only streams, protected by `auth`, and its clients. */
export interface StreamingService extends AsyncDisposable {
  /** Opens a stream of every kind; resolves when all have said something. */
  openAll(token: string): Promise<OpenStream[]>
  /** Sends each HTTP way a request whose handler does `work` first, and reads the answers to their ends. */
  answerAll(token: string, work: () => Promise<void>): Promise<readonly string[]>
}

/** Too much for one packet, and written in one go. */
const longAnswer = 'x'.repeat(1_000_000)

const toBytes = (text: string) => Buffer.from(text)
const fromBytes = (bytes: Buffer) => bytes.toString()
const define = (
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<string, string> => ({
  path: `/streams.v1.StreamService/${name}`,
  requestStream,
  responseStream,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
})
const StreamService = {
  Watch: define('Watch', false, true),
  Upload: define('Upload', true, false),
  Talk: define('Talk', true, true),
}

/** Starts the service: gRPC, Fastify with WebSocket and Server-Sent Events, Express, and a fetch-style handler. */
export async function openStreamingService(
  auth: Auth,
  access: Access = 'authenticated',
): Promise<StreamingService> {
  await using stack = new AsyncDisposableStack()
  let work = async () => {}
  const answer = async () => {
    await work()
    return longAnswer
  }
  const grpc = await startGrpc(auth, access, stack)
  const http = await startFastify(auth, access, stack, answer)
  const expressUrl = await startExpress(auth, access, stack, answer)
  const handle = auth.fetch(
    async ({ url }) => new Response(url.endsWith('/answer') ? await answer() : makeBody()),
    { default: access },
  )
  const opened = stack.move()
  return {
    async answerAll(token, toDo) {
      work = toDo
      const init = { headers: { authorization: `Bearer ${token}` } }
      const answers = await Promise.all([
        fetch(`${http}/answer`, init),
        fetch(`${expressUrl}answer`, init),
        handle(new Request('http://h/answer', init)),
      ])
      const texts = await Promise.all(answers.map((response) => response.text()))
      return texts.map((text, at) => `${answers[at]?.status} ${text === longAnswer}`)
    },
    openAll: (token) => {
      const headers = { authorization: `Bearer ${token}` }
      return Promise.all([
        ...openCalls(grpc, token),
        openSocket(http, headers),
        openBody('Server-Sent Events', fetch(`${http}/events`, { headers })),
        openBody('hijacked', fetch(`${http}/hijacked`, { headers })),
        openBody('Express', fetch(expressUrl, { headers })),
        openBody('fetch', handle(new Request('http://h/', { headers }))),
      ])
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const handlers = {
  Watch: (call: ServerWritableStream<string, string>) => void call.write('hello'),
  Upload: (call: ServerReadableStream<string, string>) => {
    call.sendMetadata(new Metadata())
    call.resume()
  },
  Talk: (call: ServerDuplexStream<string, string>) => {
    call.on('data', (text: string) => call.write(text))
    call.write('hello')
  },
}

async function startGrpc(auth: Auth, access: Access, stack: AsyncDisposableStack): Promise<Client> {
  const server = new Server()
  stack.defer(() => server.forceShutdown())
  server.addService(StreamService, auth.guard(StreamService, handlers, { default: access }))
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  stack.defer(() => client.close())
  return client
}

async function startFastify(
  auth: Auth,
  access: Access,
  stack: AsyncDisposableStack,
  answer: () => Promise<string>,
): Promise<string> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(websocket)
  await app.register(auth.fastify, { default: access })
  app.get('/socket', { websocket: true }, (socket) => socket.send('hello'))
  app.get('/answer', answer)
  app.get('/events', (_request, reply) => reply.type('text/event-stream').send(makeBody()))
  app.get('/hijacked', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('hello')
  })
  stack.defer(() => app.close())
  return await app.listen({ host: '127.0.0.1', port: 0 })
}

async function startExpress(
  auth: Auth,
  access: Access,
  stack: AsyncDisposableStack,
  answer: () => Promise<string>,
): Promise<string> {
  const app = express()
  app.use(auth.express({ default: access }))
  app.get('/answer', async (_request, response) => void response.send(await answer()))
  app.get('/', (_request, response) => void response.write('hello'))
  const server: HttpServer = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** A body that greets, and then waits. */
function makeBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('hello')) })
}

function openCalls(client: Client, token: string): Promise<OpenStream>[] {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const watching = client.makeServerStreamRequest(
    StreamService.Watch.path,
    toBytes,
    fromBytes,
    'go',
    metadata,
  )
  const talking = client.makeBidiStreamRequest(StreamService.Talk.path, toBytes, fromBytes, metadata)
  const uploading = client.makeClientStreamRequest(
    StreamService.Upload.path,
    toBytes,
    fromBytes,
    metadata,
    () => undefined,
  )
  uploading.write('a')
  return [watching, talking, uploading].map(async (call, at) => {
    const { kind, ...stream } = makeStream(['Watch', 'Talk', 'Upload'][at] ?? '', () => call.cancel())
    call.on('status', ({ code }: { code: status }) => stream.finish(status[code]))
    call.on('error', () => undefined)
    await once(call, call === uploading ? 'metadata' : 'data')
    return { kind, ...stream }
  })
}

async function openSocket(url: string, headers: Record<string, string>): Promise<OpenStream> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, { headers })
  const stream = makeStream('WebSocket', () => socket.terminate())
  socket.on('close', (code, reason) => stream.finish(`${code} ${reason}`))
  await once(socket, 'message')
  return stream
}

async function openBody(kind: string, answering: Promise<Response>): Promise<OpenStream> {
  const reader = (await answering).body?.getReader()
  if (reader === undefined) throw new Error('no body')
  const stream = makeStream(kind, () => void reader.cancel().catch(() => undefined))
  await reader.read()
  reader.read().then(
    ({ done }) => stream.finish(done ? 'whole' : 'more'),
    () => stream.finish('broken off'),
  )
  return stream
}

function makeStream(kind: string, close: () => void): OpenStream & { finish(how: string): void } {
  const { promise, resolve } = Promise.withResolvers<StreamEnd>()
  let end: StreamEnd | undefined
  const finish = (how: string) => {
    end ??= { how, atMs: performance.now() }
    resolve(end)
  }
  return { kind, ended: promise, end: () => end, close, finish }
}

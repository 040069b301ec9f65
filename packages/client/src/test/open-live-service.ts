import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { ValidationReason } from '@immersiverse/auth-contract'
import { type Auth, connectAuth } from '../connect-auth.ts'
import { type AuthServer, answerByName, bind, startAuthServer } from './start-auth-server.ts'
import { waitUntil } from './wait-until.ts'

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
/** A method of each kind, and two more. */
const methods = {
  Wait: define('Wait', false, false),
  Upload: define('Upload', true, false),
  Watch: define('Watch', false, true),
  Flood: define('Flood', false, true),
  Talk: define('Talk', true, true),
  Iterate: define('Iterate', true, true),
}

/** A guarded gRPC service whose handlers stream in all ways, and its client. */
export interface LiveService extends AsyncDisposable {
  readonly auth: Auth
  readonly authServer: AuthServer
  readonly address: string
  /** What handlers saw of their calls. */
  readonly seen: string[]
  /** What was reported as an error. */
  readonly logged: object[]
  /** Tokens that ValidateToken refuses. */
  readonly revoked: Set<string>
  /** For each call of Talk: its handler destroys it. */
  readonly destroys: (() => void)[]
  watch(request?: string): ClientReadableStream<string>
  talk(method?: 'Talk' | 'Iterate', token?: string, client?: Client): ClientDuplexStream<string, string>
  upload(): { readonly stream: ClientWritableStream<string>; readonly answer: Promise<string | undefined> }
  /** A unary call that is answered when its signal is aborted. */
  wait(): Promise<string | undefined>
  /** Resolves when so many calls are watched. */
  opened(count?: number): Promise<void>
  /** Resolves when no call is watched, and forgets what was seen. */
  reset(): Promise<void>
}

/** Opens it, with a ValidateToken that says what the test says; S is 900 ms. */
export async function openLiveService(): Promise<LiveService> {
  const seen: string[] = []
  const logged: object[] = []
  const revoked = new Set<string>()
  const destroys: (() => void)[] = []
  const authServer = await startAuthServer()
  authServer.answer = (request) =>
    revoked.has(request.accessToken)
      ? { valid: false, reason: ValidationReason.REVOKED }
      : answerByName(request)
  const logger = { warn: () => undefined, error: (fields: object) => void logged.push(fields) }
  const options = { verification: 'remote', maxStalenessMs: 900, deadlineMs: 900, logger } as const
  const auth = await connectAuth({ address: authServer.address, ...options })
  const server = new Server()
  const handlers = makeHandlers(auth, seen, destroys)
  server.addService(methods, auth.guard(methods, handlers, { default: 'authenticated' }))
  const address = `127.0.0.1:${await bind(server)}`
  const client = new Client(address, credentials.createInsecure())
  const opened = (count = 1) =>
    waitUntil(`${count} calls are watched`, () => auth.status().calls.open === count)
  return {
    ...{ auth, authServer, address, seen, logged, revoked, destroys, opened },
    ...makeCalls(client),
    async reset() {
      await opened(0)
      for (const list of [seen, logged, destroys]) list.length = 0
      revoked.clear()
    },
    async [Symbol.asyncDispose]() {
      client.close()
      server.forceShutdown()
      await auth.close()
      authServer.stop()
    },
  }
}

function makeHandlers(auth: Auth, seen: string[], destroys: (() => void)[]) {
  const note = (name: string, call: { on(event: string, listener: () => void): unknown }) => {
    for (const event of ['cancelled', 'close']) call.on(event, () => seen.push(`${name} ${event}`))
    auth.revocationSignal().addEventListener('abort', () => seen.push(`${name} aborted`))
  }

  return {
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
      for (let n = 0; n < 20; n++) call.write('x'.repeat(100_000))
      call.on('close', () => call.write('after the end'))
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
}

function makeCalls(client: Client): Pick<LiveService, 'watch' | 'talk' | 'upload' | 'wait'> {
  const { Watch, Upload, Wait } = methods
  return {
    watch(request = 'go') {
      const stream = client.makeServerStreamRequest(Watch.path, toBytes, fromBytes, request, bearer())
      return stream.on('error', () => undefined)
    },
    talk(method = 'Talk', token = 'user1', caller = client) {
      const stream = caller.makeBidiStreamRequest(methods[method].path, toBytes, fromBytes, bearer(token))
      return stream.on('error', () => undefined)
    },
    upload() {
      const { promise: answer, resolve, reject } = Promise.withResolvers<string | undefined>()
      answer.catch(() => undefined)
      const stream = client.makeClientStreamRequest(
        Upload.path,
        toBytes,
        fromBytes,
        bearer(),
        (error, value) => (error === null ? resolve(value) : reject(error)),
      )
      return { stream, answer }
    },
    wait: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(Wait.path, toBytes, fromBytes, 'go', bearer(), (error, value) =>
          error === null ? resolve(value) : reject(error),
        )
      }),
  }
}

function bearer(token = 'user1'): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  return metadata
}

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import {
  AuthService,
  EventService,
  type GetUserRequest,
  UserService,
  type ValidateTokenRequest,
  type ValidateTokenResponseSchema,
  type ValidateTokensRequest,
  type ValidateTokensResponseSchema,
  ValidationReason,
  type WatchEventsRequest,
  type WatchEventsResponseSchema,
} from '@immersiverse/auth-contract'
import { toServiceDefinition } from '../grpc/index.ts'

type Answer = MessageInitShape<typeof ValidateTokenResponseSchema>
type Batches = ServerDuplexStream<
  ValidateTokensRequest,
  MessageInitShape<typeof ValidateTokensResponseSchema>
>
type Watch = ServerWritableStream<WatchEventsRequest, MessageInitShape<typeof WatchEventsResponseSchema>>

/** The contract's services on a real grpc-js server, answering what a test says. */
export interface AuthServer extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /** Every batch that arrived, in order. */
  readonly batches: ValidateTokensRequest[]
  /** Streams of ValidateTokens that were opened. */
  readonly streams: Batches[]
  readonly watches: Watch[]
  /** Answers one question; default: tokens named `user…` are valid, others MALFORMED. */
  answer: (request: ValidateTokenRequest) => Answer
  /** Handles one batch; default: answers it at once. */
  onBatch: (stream: Batches, batch: ValidateTokensRequest) => void
  onWatch: (stream: Watch) => void
  /** Ends all connections at once. */
  stop(): void
}

/** A valid answer for a user with the roles named after the tilde, such as `user1~admin/moderator`. */
export function answerByName({ accessToken, requiredRoles }: ValidateTokenRequest): Answer {
  if (!accessToken.startsWith('user')) return { valid: false, reason: ValidationReason.MALFORMED }
  const [userId = '', list = ''] = accessToken.split('~')
  const roles = list === '' ? [] : list.split('/')
  const issuedAt = BigInt(Math.floor(Date.now() / 1000))
  const principal = {
    userId,
    roles,
    username: 'mina',
    issuedAt: { seconds: issuedAt },
    expiresAt: { seconds: issuedAt + 600n },
  }
  const isMissing = requiredRoles.some((role) => !roles.includes(role))
  if (isMissing) return { valid: false, reason: ValidationReason.MISSING_ROLE, principal }
  return { valid: true, principal }
}

/** Starts the server on a free port of 127.0.0.1, or on the port given. */
export async function startAuthServer(port = 0): Promise<AuthServer> {
  const server = new Server({ 'grpc.max_receive_message_length': 1024 * 1024 })
  const state: Omit<AuthServer, 'address' | 'port' | 'stop' | typeof Symbol.asyncDispose> = {
    batches: [],
    streams: [],
    watches: [],
    answer: answerByName,
    onBatch: (stream, { correlationId, requests }) => {
      stream.write({ correlationId, responses: requests.map((request) => state.answer(request)) })
    },
    onWatch: () => undefined,
  }
  server.addService(toServiceDefinition(AuthService), {
    ValidateTokens: (stream: Batches) => {
      state.streams.push(stream)
      stream.on('data', (batch: ValidateTokensRequest) => {
        state.batches.push(batch)
        state.onBatch(stream, batch)
      })
      stream.on('end', () => stream.end())
    },
  })
  server.addService(toServiceDefinition(UserService), { GetUser: getUser })
  server.addService(toServiceDefinition(EventService), {
    WatchEvents: (stream: Watch) => {
      state.watches.push(stream)
      state.onWatch(stream)
    },
  })
  const bound = await bind(server, port)
  const stop = () => server.forceShutdown()
  const dispose = async () => stop()
  return Object.assign(state, {
    address: `127.0.0.1:${bound}`,
    port: bound,
    stop,
    [Symbol.asyncDispose]: dispose,
  })
}

function getUser(call: ServerUnaryCall<GetUserRequest, unknown>, callback: sendUnaryData<unknown>): void {
  const { by, minVersion } = call.request
  if (by.value !== 'known') callback({ code: status.NOT_FOUND, details: 'no such user' })
  else
    callback(
      null,
      create(UserService.method.getUser.output, { user: { id: by.value, version: minVersion + 1n } }),
    )
}

/** Binds any grpc-js server to a port of 127.0.0.1 and says which. */
export function bind(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
}

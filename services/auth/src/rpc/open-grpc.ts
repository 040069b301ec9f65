import type { DescMethodServerStreaming, DescMethodUnary, DescService } from '@bufbuild/protobuf'
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import {
  AuditService,
  AuthService,
  bounds,
  EventService,
  PlatformAccountService,
  UserService,
} from '@immersiverse/auth-contract'
import { HealthImplementation, service as healthService } from 'grpc-health-check'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { addReflection } from './add-reflection.ts'
import { answerValidation } from './answer-validation.ts'
import { makeAuditService } from './audit-service.ts'
import { makeAuthService } from './auth-service.ts'
import type { CallerGate } from './callers/caller-gate.ts'
import { type CallsInFlight, makeCallsInFlight } from './calls-in-flight.ts'
import { type LimitedListener, openLimitedListener } from './limits/open-limited-listener.ts'
import { toServerOptions } from './limits/to-server-options.ts'
import type { GrpcLimits, OnRefused } from './limits/transport-limits.ts'
import { makePlatformAccountService } from './platform-account-service.ts'
import type { OnFinished } from './refusals.ts'
import {
  makeSnapshotStream,
  makeWatchStream,
  snapshotCost,
  type WatchRevocations,
} from './revocation-streams.ts'
import { makeServerStreamCall, type ServerStream } from './server-stream-call.ts'
import { makeRawUnaryCall, makeUnaryCall, type ServeContext, type ServedMethod } from './unary-call.ts'
import type { UnaryHandler } from './unary-handlers.ts'
import { makeUserService } from './user-service.ts'
import { readValidateTokenRequest, writeValidateTokenResponse } from './validate-codec.ts'
import { makeValidateTokensCall } from './validate-tokens-call.ts'
import type { Forwarding } from './with-forwarded-address.ts'

/** Where to listen. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** A listening gRPC server. */
export interface GrpcListener extends Pick<LimitedListener, 'status'> {
  /** The port in use, also where 0 was asked for. */
  readonly port: number
  /** Health says NOT_SERVING from now on; calls are served as before. */
  beginShutdown(): void
  /** NOT_SERVING first, then what runs is finished, then the rest is cut after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>
}

/** Follows the events from a position on until the signal aborts. Throws AuthError INVALID_FIELD, DATABASE_UNAVAILABLE. */
export type WatchEvents = ServerStream<typeof EventService.method.watchEvents>

/** What the server is made of. */
export interface GrpcOptions {
  readonly deps: Deps
  readonly watchEvents: WatchEvents
  readonly watchRevocations: WatchRevocations
  readonly listen: ListenAddress
  readonly onFinished: OnFinished
  readonly gate: CallerGate
  /** Default: plaintext. */
  readonly credentials: ServerCredentials | undefined
  readonly forwarding: Forwarding
  readonly limits: GrpcLimits
  readonly onRefused: OnRefused
}

const services = [AuditService, AuthService, EventService, PlatformAccountService, UserService]

/** Serves all services, health and reflection. Rejects where the address cannot be bound. */
export async function openGrpc(options: GrpcOptions): Promise<GrpcListener> {
  const server = new Server({
    ...toServerOptions(options.limits),
    'grpc.max_receive_message_length': bounds.batchMessageBytes,
    'grpc.max_send_message_length': 4 * bounds.batchMessageBytes,
    // Nobody reads it here, and every call would be counted for it.
    'grpc.enable_channelz': 0,
  })
  const calls = makeCallsInFlight()
  const { deps, onFinished, gate, forwarding, credentials = ServerCredentials.createInsecure() } = options
  const at = { clock: deps.clock, onFinished, calls, gate, forwarding }
  const served = listServices(options, at)
  for (const methods of served) addService(server, methods)
  const health = new HealthImplementation({
    '': 'SERVING',
    ...healthOf(services),
  })
  health.addToServer(server)
  addReflection(server, at)
  const listener = await openLimitedListener(server, credentials, {
    ...options,
    methods: listPaths(served),
    // Nobody has been asked who calls.
    onCallRefused: (method = 'unmatched', ip, error) =>
      onFinished({
        method,
        caller: { kind: 'anonymous', origin: { ip, userAgent: '' } },
        startMs: deps.clock.monotonicMs(),
        error,
      }),
  })
  const beginShutdown = () => {
    for (const name of ['', ...Object.keys(healthOf(services))]) health.setStatus(name, 'NOT_SERVING')
  }
  return {
    port: listener.port,
    status: () => listener.status(),
    beginShutdown,
    close: async (deadlineMs) => {
      beginShutdown()
      listener.stopAccepting()
      await shutDown(server, calls, deadlineMs)
      listener.destroy()
    },
  }
}

/**
 * What can be called: the services', health's and reflection's methods. Health is not counted among the calls: an instance that has too
 * many of them must not look dead.
 */
function listPaths(services: readonly ReadonlyMap<string, ServedMethod>[]) {
  const own = services.flatMap((methods) => [...methods.values()].map(({ definition }) => definition))
  const health = Object.values(healthService).map(({ path }) => path)
  const reflections = ['v1', 'v1alpha'].map(
    (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
  )
  return new Map([
    ...own.map(({ path, requestStream, responseStream }) => {
      return [path, { isUnary: !requestStream && !responseStream }] as const
    }),
    ...[...health, ...reflections].map((path) => [path, { isUnary: false }] as const),
  ])
}

function healthOf(services: readonly DescService[]) {
  return Object.fromEntries(services.map(({ typeName }) => [typeName, 'SERVING' as const]))
}

function listServices(options: GrpcOptions, at: ServeContext): Map<string, ServedMethod>[] {
  const { deps, watchEvents, watchRevocations } = options
  const serve = (service: DescService, handlers: object) =>
    service.methods.flatMap((method): [string, ServedMethod][] => {
      if (method.methodKind !== 'unary') return []
      const handler = (handlers as Record<string, UnaryHandler>)[method.localName]
      if (handler === undefined) throw new Error(`${method} has no handler`)
      return [[method.name, makeUnaryCall(method as DescMethodUnary, handler, at)]]
    })
  const auth = new Map(serve(AuthService, makeAuthService(deps)))
  const validate = AuthService.method.validateToken
  const raw = {
    read: readValidateTokenRequest,
    answer: async (caller: Caller, request: ReturnType<typeof readValidateTokenRequest>) =>
      writeValidateTokenResponse(await answerValidation(deps, caller, request)),
  }
  auth.set(validate.name, makeRawUnaryCall(validate, raw, at))
  auth.set(AuthService.method.validateTokens.name, makeValidateTokensCall(deps, at))
  const stream = <M extends DescMethodServerStreaming>(method: M, answer: ServerStream<M>, cost = 1) =>
    [method.name, makeServerStreamCall(method, answer, at, cost)] as const
  auth.set(...stream(AuthService.method.getRevocationSnapshot, makeSnapshotStream(deps), snapshotCost))
  auth.set(...stream(AuthService.method.watchRevocations, makeWatchStream(watchRevocations)))
  const audit = new Map(serve(AuditService, makeAuditService(deps)))
  const events = new Map([stream(EventService.method.watchEvents, watchEvents)])
  const users = new Map(serve(UserService, makeUserService(deps)))
  const platforms = new Map(serve(PlatformAccountService, makePlatformAccountService(deps)))
  return [auth, users, platforms, audit, events]
}

function addService(server: Server, methods: ReadonlyMap<string, ServedMethod>): void {
  const definition: Record<string, unknown> = {}
  const implementation: Record<string, unknown> = {}
  for (const [name, method] of methods) {
    definition[name] = method.definition
    implementation[name] = method.handler
  }
  server.addService(definition as ServiceDefinition, implementation as UntypedServiceImplementation)
}

/** For the last answers to leave before connections are cut. */
const flushMs = 100

/** Streams that nobody counts, such as a health watch, would hold a graceful shutdown until its deadline: they are cut. */
async function shutDown(server: Server, calls: CallsInFlight, deadlineMs: number): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
  await withTimeout(calls.drain(), deadlineMs)
  await withTimeout(stopped, Math.min(flushMs, deadlineMs))
  server.forceShutdown()
}

/** Real time, whatever clock the service runs by: it is the patience with sockets. */
async function withTimeout(work: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}

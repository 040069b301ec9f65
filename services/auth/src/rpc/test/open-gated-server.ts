import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { EventService, UserService } from '@immersiverse/auth-contract'
import { toEnding } from '../../../test/knock.ts'
import { systemClock } from '../../compose/system-clock.ts'
import type { Deps } from '../../deps.ts'
import type { CallerEntry, Grant } from '../../domain/caller-policy.ts'
import { makeTestDeps } from '../../edge/test/make-test-edge.ts'
import { makeTokenBucket } from '../../security/callers/make-token-bucket.ts'
import { makeTrustedProxies } from '../../security/trusted-proxies.ts'
import { addReflection } from '../add-reflection.ts'
import type { CallerGate } from '../callers/caller-gate.ts'
import type { CallerRules } from '../callers/caller-rules.ts'
import { makeCallerGate } from '../callers/make-caller-gate.ts'
import { toEntry, toRules } from '../callers/test/make-test-gate.ts'
import { makeCallsInFlight } from '../calls-in-flight.ts'
import type { FinishedCall } from '../refusals.ts'
import { makeServerStreamCall, type ServerStream } from '../server-stream-call.ts'
import { makeUnaryCall, type ServedMethod } from '../unary-call.ts'
import type { UnaryHandler } from '../unary-handlers.ts'
import { makeValidateTokensCall } from '../validate-tokens-call.ts'

const { deleteUser, updateUser } = UserService.method
const { watchEvents } = EventService.method
export const deleteName = 'auth.v1.UserService/DeleteUser'
export const updateName = 'auth.v1.UserService/UpdateUser'
export const validateName = 'auth.v1.AuthService/ValidateTokens'
export const watchName = 'auth.v1.EventService/WatchEvents'
export const reflection = 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
/** For every call: one that nobody ends must fail its test. */
export const deadlineMs = 20_000

export const chat = 'spiffe://immersiverse/chat'
/** May say whose call it is. */
export const gateway = 'spiffe://immersiverse/gateway'

const keys = [{ kid: 'one', jwk: { kty: 'EC', crv: 'P-256', x: '', y: '' } }] as const
const grants = new Map<string, Grant>([
  ...[deleteName, validateName, watchName, reflection].map((name) => [name, { fields: undefined }] as const),
  [updateName, { fields: new Set(['email']) }] as const,
])

/** Rules under which an assertion is the last part of the id that it proves, and `chat` may call everything and set an e-mail address. */
export function toNamedRules(...entries: readonly Partial<CallerEntry>[]): CallerRules {
  return toRules(
    entries.map((entry) => toEntry({ id: chat, keys, grants, ...entry })),
    {
      judgeAssertion: (name) => ({
        id: `spiffe://immersiverse/${name}`,
        kid: 'one',
        notAfter: new Date(Date.now() + 600_000),
      }),
    },
  )
}

/** What a caller sends to prove that it is `name`. */
export function prove(name = 'chat', more: Readonly<Record<string, string>> = {}): { metadata: Metadata } {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries({ authorization: `Bearer ${name}`, ...more })) {
    metadata.set(key, value)
  }
  return { metadata }
}

/** Answers of the stream. */
export type Watch = ServerStream<typeof watchEvents>

/** What stands behind the gate; what a test does not give must not be called. */
export interface GatedWorld {
  readonly rules?: CallerRules
  readonly handler?: UnaryHandler
  readonly stream?: Watch
  /** Waited for before the database answers about a token. */
  readonly lookUp?: () => Promise<void>
  /** What the stream costs. */
  readonly cost?: number
}

/** A server of two unary methods, a stream, ValidateTokens with the edge's test tokens and reflection behind a gate, and clients of it; closed with the test. */
export async function openGatedServer(
  t: TestContext,
  { rules = toNamedRules({}), handler, stream, cost, lookUp }: GatedWorld = {},
) {
  const finished: FinishedCall[] = []
  const gate = makeCallerGate({ clock: systemClock, rules, makeBucket: makeTokenBucket })
  const calls = makeCallsInFlight()
  const forwarding = { proxies: makeTrustedProxies({ networks: [] }), callers: new Set([gateway]) }
  const onFinished = (call: FinishedCall) => void finished.push(call)
  const { held, gate: watched } = watchHeld(gate)
  const at = { clock: systemClock, onFinished, calls, gate: watched, forwarding }
  const server = new Server()
  const serve = ({ definition, handler: served }: ServedMethod) =>
    server.addService(
      { served: definition } as object as ServiceDefinition,
      { served } as UntypedServiceImplementation,
    )
  serve(makeUnaryCall(deleteUser, handler ?? assert.fail, at))
  serve(makeUnaryCall(updateUser, handler ?? assert.fail, at))
  serve(makeServerStreamCall(watchEvents, stream ?? assert.fail, at, cost))
  const log = { info: () => undefined, warn: assert.fail, error: assert.fail }
  serve(makeValidateTokensCall({ ...toSlowDeps(lookUp), log } as object as Deps, at))
  addReflection(server, at)
  const bound = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? bound.reject(error) : bound.resolve(port),
  )
  const client = new Client(`127.0.0.1:${await bound.promise}`, credentials.createInsecure())
  t.after(() => {
    client.close()
    server.forceShutdown()
  })
  const users = makeGrpcClient(UserService, client, { deadlineMs })
  const events = makeGrpcClient(EventService, client)
  /** The stream's answers, and how it ended. */
  const watch = (how: ReturnType<typeof prove> = prove()) => {
    const answers: string[] = []
    const call = events.watchEvents({}, { ...how, deadlineMs })
    const ended = new Promise<unknown>((resolve) => {
      call.on('data', ({ item }) => answers.push(item.case === 'event' ? item.value.position : ''))
      call.on('error', (error) => resolve(toEnding(error as never)))
      call.on('end', () => resolve('OK'))
    })
    return { answers, ended, cancel: () => call.cancel() }
  }
  const countHeld = () => held.size
  return { gate, calls, finished, client, users, watch, countHeld }
}

function toSlowDeps(lookUp: () => Promise<void> = async () => undefined) {
  const deps = makeTestDeps()
  const { sessionLookup } = deps
  const ask: typeof sessionLookup.ask = async (token) => {
    await lookUp()
    return await sessionLookup.ask(token)
  }
  return { ...deps, sessionLookup: { ...sessionLookup, ask } }
}

/** The same gate, and the streams that it holds. */
function watchHeld(gate: CallerGate) {
  const held = new Set<() => void>()
  const hold: CallerGate['hold'] = (admission, end) => {
    const release = gate.hold(admission, end)
    held.add(release)
    return () => {
      held.delete(release)
      release()
    }
  }
  const watched: CallerGate = {
    admit: (...call) => gate.admit(...call),
    spend: (...cost) => gate.spend(...cost),
    requireFields: (...request) => gate.requireFields(...request),
    hold,
    setRules: (rules) => gate.setRules(rules),
    review: () => gate.review(),
  }
  return { held, gate: watched }
}

/** What was told of calls that have ended: the method, the caller and the refusal. */
export function tell(finished: readonly FinishedCall[]) {
  return finished.map(({ method, caller, error }) => [
    method,
    caller.kind === 'service' ? caller.id : caller.kind,
    error?.reason,
  ])
}

import { create, type DescMethodUnary, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { handleUnaryCall, MethodDefinition } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { Admission, CallerGate } from './callers/caller-gate.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { type Incoming, makeDecode } from './decode.ts'
import { toAuthError, toGrpcError } from './errors.ts'
import type { OnFinished } from './refusals.ts'
import { toBuffer } from './to-buffer.ts'
import type { UnaryHandler } from './unary-handlers.ts'
import { type Forwarding, withForwardedAddress } from './with-forwarded-address.ts'

/** A method as grpc-js serves it. */
export interface ServedMethod {
  readonly definition: MethodDefinition<never, never>
  readonly handler: unknown
}

/** What all methods of a server share. */
export interface ServeContext extends Pick<Deps, 'clock'> {
  readonly onFinished: OnFinished
  readonly calls: CallsInFlight
  readonly gate: CallerGate
  readonly forwarding: Forwarding
}

/** Serves a unary method by its handler. */
export function makeUnaryCall(
  method: DescMethodUnary,
  handler: UnaryHandler,
  at: ServeContext,
): ServedMethod {
  return makeRawUnaryCall<Message>(
    method,
    {
      read: (bytes) => fromBinary(method.input, bytes),
      answer: async (caller, request, admission) => {
        at.gate.requireFields(admission, method.input, request)
        const answer = create(method.output, await handler(caller, request as never))
        return toBinary(method.output, answer)
      },
    },
    at,
  )
}

/** How bytes become a request and a request becomes bytes. */
export interface RawUnary<T> {
  readonly read: (bytes: Buffer) => T
  readonly answer: (caller: Caller, request: T, admission: Admission) => Promise<Uint8Array>
}

/** Serves a unary method that reads and writes its own bytes. */
export function makeRawUnaryCall<T>(
  method: DescMethodUnary,
  raw: RawUnary<T>,
  at: ServeContext,
): ServedMethod {
  const name = `${method.parent.typeName}/${method.name}`
  const handler: handleUnaryCall<Incoming<T>, Uint8Array> = async (call, callback) => {
    // The caller has its answer, or has gone: nobody waits for the work.
    if (call.cancelled || hasPassed(call.getDeadline())) return
    const startMs = at.clock.monotonicMs()
    at.calls.begin()
    const admission = at.gate.admit(call, name)
    const { refusal } = admission
    const caller = withForwardedAddress(admission.caller, call.metadata, at.forwarding)
    try {
      if (refusal !== undefined) throw refusal
      if ('fault' in call.request) throw call.request.fault
      callback(null, await raw.answer(caller, call.request.message, admission))
      at.onFinished({ method: name, caller, startMs })
    } catch (thrown) {
      const error = toAuthError(thrown)
      callback(toGrpcError(error))
      at.onFinished({ method: name, caller, startMs, error })
    } finally {
      at.calls.end()
    }
  }
  const definition = {
    path: `/${name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: makeDecode(raw.read, bounds.messageBytes),
    responseSerialize: toBuffer,
  }
  return { definition: definition as never, handler }
}

/** grpc-js reckons deadlines by the wall clock, and answers DEADLINE_EXCEEDED itself. */
function hasPassed(deadline: Date | number): boolean {
  return Date.now() >= Number(deadline)
}

import type { AsyncLocalStorage } from 'node:async_hooks'
import {
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { type Access, assertAccess } from '../access.ts'
import { AuthError } from '../auth-error.ts'
import { bindListeners } from '../bind-listeners.ts'
import type { EndCall } from '../live/live-call.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import { makeRequestScope, type RequestScope } from '../live/make-request-scope.ts'
import type { Logger } from '../logger.ts'
import type { Authorize } from '../make-authorize.ts'
import { endCall } from './end-call.ts'
import { toGrpcStatus } from './to-grpc-status.ts'

/** Who may call a service's methods. */
export interface GuardOptions {
  /** For every method not named in `methods`. */
  readonly default: Access
  /** By the methods' names in the proto, such as `Ping`. */
  readonly methods?: Readonly<Record<string, Access>>
}

/** What a guard is made of. */
export interface GuardParts {
  readonly authorize: Authorize
  readonly scopes: AsyncLocalStorage<RequestScope | undefined>
  readonly calls: LiveCalls
  readonly logger: Logger
}

/** Puts a check before every handler of a service; see `makeGuard`. */
export type Guard = (
  definition: ServiceDefinition,
  handlers: object,
  options: GuardOptions,
) => UntypedServiceImplementation

type Handler = (this: unknown, call: AnyCall, callback: AnyCallback) => unknown
/** What the four kinds of calls have in common; unary calls have no stream, streaming answers no callback. */
type AnyCall = ServerDuplexStream<unknown, unknown> | ServerUnaryCall<unknown, unknown>
type AnyCallback = sendUnaryData<unknown>

/**
 * Makes the guard of grpc-js services, for all four kinds of calls. A guarded handler runs once the bearer token in the `authorization`
 * metadata is verified; `principal()` holds in it, in what it awaits, and in listeners that it adds to its call. Until then nothing is
 * read from the call, so a client that streams early loses nothing. Others are answered UNAUTHENTICATED, PERMISSION_DENIED or
 * UNAVAILABLE with ErrorInfo. A streaming call is ended in the same way when its caller is revoked. Throws TypeError at start-up for a method the service does not have, or an access that is none.
 */
export function makeGuard(parts: GuardParts): Guard {
  return (definition, handlers, options) => {
    assertAccess(options.default, 'default')
    const named = new Map(Object.entries(options.methods ?? {}))
    const guarded: UntypedServiceImplementation = {}
    for (const [key, method] of Object.entries(definition)) {
      const name = method.path.slice(method.path.lastIndexOf('/') + 1)
      const access = named.get(name) ?? options.default
      assertAccess(access, name)
      named.delete(name)
      const handler = findHandler(handlers, key, method.originalName)
      if (handler !== undefined) guarded[key] = guardHandler(parts, handler, handlers, access, method)
    }
    for (const name of named.keys()) throw new TypeError(`the service has no method ${name}`)
    return guarded
  }
}

/** As grpc-js looks it up: under the definition's key, else under the original name. */
function findHandler(handlers: object, key: string, originalName: string | undefined): Handler | undefined {
  const byName = handlers as Record<string, Handler | undefined>
  return byName[key] ?? (originalName === undefined ? undefined : byName[originalName])
}

function guardHandler(
  parts: GuardParts,
  handler: Handler,
  self: object,
  access: Access,
  method: MethodDefinition<unknown, unknown>,
): UntypedHandleCall {
  const { authorize, scopes, logger } = parts
  const isStream = method.requestStream || method.responseStream
  const guarded = async (call: AnyCall, callback: AnyCallback | undefined): Promise<void> => {
    const { answer, refuse, end } = makeAnswers(call, callback)
    let scope: RequestScope | undefined
    try {
      const admission = await authorize(readAuthorization(call), access)
      // The caller has gone meanwhile: no one is there to be served.
      if (call.cancelled) return
      if (admission !== undefined) {
        scope = makeRequestScope(parts.calls, admission)
        closeWithCall(scope, call)
        // A unary call is its handler's to end: it may be the very one that revokes.
        if (isStream) scope.watch(end)
      }
    } catch (error) {
      refuse(error instanceof AuthError ? toGrpcStatus(error) : unknownError)
      return
    }
    try {
      await scopes.run(scope, () => {
        bindListeners(call)
        return handler.call(self, call, answer)
      })
    } catch (error) {
      // What a stream throws that was ended under its handler is no fault of the handler's.
      if (scope?.isEnded) return
      logger.error({ err: error, path: method.path }, 'a gRPC handler threw')
      refuse(unknownError)
    }
  }
  // grpc-js's type has one form per kind of call; at run time the callback is there or is not.
  return guarded as unknown as UntypedHandleCall
}

/** grpc-js destroys its streams when a call is over, however it ended; where a handler did that itself, the call may say so later. */
function closeWithCall(scope: RequestScope, call: AnyCall): void {
  call.once('cancelled', () => scope.close())
  call.once('close', () => scope.close())
}

function readAuthorization(call: AnyCall): string[] {
  return call.metadata.get('authorization').map(String)
}

const unknownError = Object.freeze({ code: status.UNKNOWN, details: 'Unknown error' })

type Refusal = Pick<ReturnType<typeof toGrpcStatus>, 'code' | 'details'> &
  Partial<ReturnType<typeof toGrpcStatus>>

/** The handler's callback and ours, of which the first wins: a call has one answer, also when a handler throws after giving one. */
function makeAnswers(call: AnyCall, callback: AnyCallback | undefined) {
  let isAnswered = false
  const answer: AnyCallback = (...args) => {
    if (isAnswered) return
    isAnswered = true
    callback?.(...args)
  }
  const refuse = (refusal: Refusal): void => {
    if (callback === undefined) call.emit('error', refusal)
    else answer(refusal)
  }
  const end: EndCall = (error) => {
    isAnswered = true
    endCall(call as ServerDuplexStream<unknown, unknown>, toGrpcStatus(error))
  }
  return { answer, refuse, end }
}

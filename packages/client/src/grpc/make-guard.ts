import type { AsyncLocalStorage } from 'node:async_hooks'
import {
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
import type { Logger } from '../logger.ts'
import type { Authorize } from '../make-authorize.ts'
import type { Principal } from '../principal.ts'
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
  readonly principals: AsyncLocalStorage<Principal | undefined>
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
 * UNAVAILABLE with ErrorInfo. Throws TypeError at start-up for a method the service does not have, or an access that is none.
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
      if (handler !== undefined) guarded[key] = guardHandler(parts, handler, handlers, access, method.path)
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
  { authorize, principals, logger }: GuardParts,
  handler: Handler,
  self: object,
  access: Access,
  path: string,
): UntypedHandleCall {
  const guarded = async (call: AnyCall, callback: AnyCallback | undefined): Promise<void> => {
    const { answer, refuse } = makeAnswers(call, callback)
    let principal: Principal | undefined
    try {
      principal = await authorize(readAuthorization(call), access)
    } catch (error) {
      refuse(
        error instanceof AuthError ? toGrpcStatus(error) : { code: status.UNKNOWN, details: 'Unknown error' },
      )
      return
    }
    // The caller has gone meanwhile: no one is there to be served.
    if (call.cancelled) return
    try {
      await principals.run(principal, () => {
        bindListeners(call)
        return handler.call(self, call, answer)
      })
    } catch (error) {
      logger.error({ err: error, path }, 'a gRPC handler threw')
      refuse({ code: status.UNKNOWN, details: 'Unknown error' })
    }
  }
  // grpc-js's type has one form per kind of call; at run time the callback is there or is not.
  return guarded as unknown as UntypedHandleCall
}

function readAuthorization(call: AnyCall): string[] {
  return call.metadata.get('authorization').map(String)
}

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
  return { answer, refuse }
}

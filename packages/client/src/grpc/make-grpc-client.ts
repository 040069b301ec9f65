import type { EventEmitter } from 'node:events'
import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js'
import { toRpcError } from './rpc-error.ts'
import { toServiceDefinition } from './to-service-definition.ts'

/** What a single call may set. */
export interface CallOptions {
  /** Default: the client's. */
  readonly deadlineMs?: number
  readonly metadata?: Metadata
  readonly signal?: AbortSignal
}

type Method<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (request: MessageInitShape<M['input']>, options?: CallOptions) => Promise<MessageShape<M['output']>>
  : M['methodKind'] extends 'server_streaming'
    ? (
        request: MessageInitShape<M['input']>,
        options?: CallOptions,
      ) => ClientReadableStream<MessageShape<M['output']>>
    : M['methodKind'] extends 'bidi_streaming'
      ? (options?: CallOptions) => ClientDuplexStream<MessageInitShape<M['input']>, MessageShape<M['output']>>
      : never

/** Typed calls by the methods' lowerCamelCase names; client streaming has none in this API. */
export type GrpcClientOf<S extends DescService> = {
  readonly [Name in keyof S['method'] & string]: Method<S['method'][Name]>
}

/** Defaults of all calls. */
export interface GrpcClientOptions {
  /** How long a unary call may take; default 5,000. Streams have no deadline unless a call sets one. */
  readonly deadlineMs?: number
}

type Definition = MethodDefinition<object, object>

/**
 * Makes typed calls on a grpc-js client. Unary calls are promises that reject with RpcError (DEADLINE_EXCEEDED after `deadlineMs`);
 * streams are grpc-js's own. Opens no connection of its own; whoever made `channel` closes it.
 */
export function makeGrpcClient<S extends DescService>(
  service: S,
  channel: Client,
  options: GrpcClientOptions = {},
): GrpcClientOf<S> {
  const deadlineMs = options.deadlineMs ?? 5_000
  const definitions = toServiceDefinition<DescService>(service) as Readonly<Record<string, Definition>>
  const calls = service.methods.map((method) => {
    const definition = definitions[method.name] as Definition
    return [method.localName, makeCall(channel, method, definition, deadlineMs)] as const
  })
  // The names and kinds come from the descriptor, which the type was computed from.
  return Object.freeze(Object.fromEntries(calls)) as unknown as GrpcClientOf<S>
}

function makeCall(channel: Client, method: DescMethod, definition: Definition, deadlineMs: number) {
  const { path, requestSerialize, responseDeserialize } = definition
  switch (method.methodKind) {
    case 'unary':
      return (request: object, options: CallOptions = {}) =>
        callUnary(channel, definition, request, options, deadlineMs)
    case 'server_streaming':
      return (request: object, options: CallOptions = {}) => {
        const metadata = options.metadata ?? new Metadata()
        const limits = toLimits(options.deadlineMs)
        const call = channel.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          limits,
        )
        return cancelOn(options.signal, call)
      }
    case 'bidi_streaming':
      return (options: CallOptions = {}) => {
        const metadata = options.metadata ?? new Metadata()
        const limits = toLimits(options.deadlineMs)
        const call = channel.makeBidiStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadata,
          limits,
        )
        return cancelOn(options.signal, call)
      }
    case 'client_streaming':
      throw new TypeError(`${path}: client streaming is not offered`)
  }
}

function callUnary(
  channel: Client,
  definition: Definition,
  request: object,
  options: CallOptions,
  deadlineMs: number,
) {
  const { path, requestSerialize, responseDeserialize } = definition
  return new Promise<object>((resolve, reject) => {
    const settle = (error: ServiceError | null, response?: object) => {
      if (error === null && response !== undefined) resolve(response)
      else reject(error === null ? new TypeError('no response') : toRpcError(error))
    }
    const limits = toLimits(options.deadlineMs ?? deadlineMs)
    const metadata = options.metadata ?? new Metadata()
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      limits,
      settle,
    )
    cancelOn(options.signal, call)
  })
}

function toLimits(deadlineMs: number | undefined) {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
}

type Cancellable = EventEmitter & { cancel(): void }

function cancelOn<Call extends Cancellable>(signal: AbortSignal | undefined, call: Call): Call {
  if (signal === undefined) return call
  const cancel = () => call.cancel()
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  call.once('status', () => signal.removeEventListener('abort', cancel))
  return call
}

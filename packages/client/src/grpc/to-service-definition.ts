import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'

/** How many messages go each way, as grpc-js's definitions say it. */
interface Streams {
  unary: [request: false, response: false]
  client_streaming: [request: true, response: false]
  server_streaming: [request: false, response: true]
  bidi_streaming: [request: true, response: true]
}

type DefinitionOf<M extends DescMethod> = MethodDefinition<
  MessageInOut<M['input']>,
  MessageInOut<M['output']>
> & {
  readonly requestStream: Streams[M['methodKind']][0]
  readonly responseStream: Streams[M['methodKind']][1]
}

/** What is read is a whole message, what is written may be its plain form; grpc-js has one type for both. */
type MessageInOut<D extends DescMessage> = MessageShape<D>

/** A grpc-js service definition under the proto's method names, such as `ValidateToken`. */
export type ServiceDefinitionOf<S extends DescService> = {
  readonly [Name in keyof S['method'] & string as Capitalize<Name>]: DefinitionOf<S['method'][Name]>
}

/**
 * Makes grpc-js's definition of a service from its protobuf-es descriptor, for `server.addService` and clients. Messages are serialised
 * and parsed by protobuf-es; an unserialisable or unparsable one throws, which grpc-js answers with INTERNAL.
 */
export function toServiceDefinition<S extends DescService>(service: S): ServiceDefinitionOf<S> {
  const entries = service.methods.map((method) => [method.name, toMethodDefinition(method)] as const)
  // Keyed by the names that the type computes from the same descriptor.
  return Object.freeze(Object.fromEntries(entries)) as unknown as ServiceDefinitionOf<S>
}

function toMethodDefinition(method: DescMethod) {
  return Object.freeze({
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: makeSerialize(method.input),
    requestDeserialize: makeDeserialize(method.input),
    responseSerialize: makeSerialize(method.output),
    responseDeserialize: makeDeserialize(method.output),
    originalName: method.localName,
  })
}

function makeSerialize<D extends DescMessage>(schema: D) {
  return (value: MessageInitShape<D>): Buffer => {
    const bytes = toBinary(schema, create(schema, value))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

function makeDeserialize<D extends DescMessage>(schema: D) {
  return (bytes: Uint8Array): MessageShape<D> => fromBinary(schema, bytes)
}

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import type {
  handleBidiStreamingCall,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { fileDescriptorSet } from '@immersiverse/auth-contract'
import { toGrpcError } from './errors.ts'
import type { ServeContext } from './unary-call.ts'

/**
 * Adds gRPC server reflection (v1 and v1alpha) of the contract, for whom the gate lets call it. The library is handed each file as it was
 * compiled: proto-loader would merge files of one package and lose their imports, and clients such as grpcurl would refuse the result.
 */
export function addReflection(server: Server, at: ServeContext): void {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(fileDescriptorSet, 'base64'))
  const fileDescriptorProtos = file.map((proto) => toBinary(FileDescriptorProtoSchema, proto))
  const everything = { contract: { fileDescriptorProtos } }
  const guarded: Pick<Server, 'addService'> = {
    addService: (definition, implementation) =>
      server.addService(definition, guardAll(definition, implementation, at)),
  }
  // All it reads of a proto-loader package are these bytes, and all it does to a server is to add services.
  new ReflectionService(everything as never).addToServer(guarded)
}

type Handler = handleBidiStreamingCall<unknown, unknown>

function guardAll(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  at: ServeContext,
): UntypedServiceImplementation {
  const guarded: UntypedServiceImplementation = {}
  for (const [name, { path }] of Object.entries(definition)) {
    guarded[name] = guard(path.slice(1), implementation[name] as Handler, at)
  }
  return guarded
}

function guard(method: string, handler: Handler, { gate, onFinished, clock }: ServeContext): Handler {
  return (call) => {
    const startMs = clock.monotonicMs()
    const admission = gate.admit(call, method)
    const { refusal, caller } = admission
    if (refusal !== undefined) {
      call.emit('error', toGrpcError(refusal))
      onFinished({ method, caller, startMs, error: refusal })
      return
    }
    const release = gate.hold(admission, (error) => void call.emit('error', toGrpcError(error)))
    // Emitted for every call that is over, however it ended.
    call.on('cancelled', release)
    handler(call)
  }
}

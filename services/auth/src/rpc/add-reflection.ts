import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import type { Server } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { fileDescriptorSet } from '@immersiverse/auth-contract'

/**
 * Adds gRPC server reflection (v1 and v1alpha) of the contract. The library is handed each file as it was compiled: proto-loader would
 * merge files of one package and lose their imports, and clients such as grpcurl would refuse the result.
 */
export function addReflection(server: Server): void {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(fileDescriptorSet, 'base64'))
  const fileDescriptorProtos = file.map((proto) => toBinary(FileDescriptorProtoSchema, proto))
  const everything = { contract: { fileDescriptorProtos } }
  // All it reads of a proto-loader package are these bytes.
  new ReflectionService(everything as never).addToServer(server)
}

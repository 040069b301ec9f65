export type { AssertionOptions, CallerKeyJwk } from './make-assertions.ts'
export {
  type CallOptions,
  type GrpcClientOf,
  type GrpcClientOptions,
  makeGrpcClient,
} from './make-grpc-client.ts'
export type { Guard, GuardOptions } from './make-guard.ts'
export { makeRevocationSource, type RevocationCalls } from './make-revocation-source.ts'
export { type ChannelAddress, openChannel } from './open-channel.ts'
export { RpcError, type StatusName } from './rpc-error.ts'
export type { PemSource, TlsOptions } from './tls-options.ts'
export { type ServiceDefinitionOf, toServiceDefinition } from './to-service-definition.ts'

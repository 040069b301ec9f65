import type { DescService } from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'
import * as contract from '@immersiverse/auth-contract'

/** gRPC's own reflection, which shows the contract and nothing else. */
const reflection = ['v1', 'v1alpha'].map(
  (version) =>
    [`grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`, new Set<string>()] as const,
)

/** The contract's methods, and reflection's, by their full names, such as `auth.v1.UserService/UpdateUser`, each with the fields of its request that have presence. */
export function listCallableMethods(): ReadonlyMap<string, ReadonlySet<string>> {
  const services = Object.values<unknown>(contract).filter(isService)
  return new Map([
    ...reflection,
    ...services.flatMap(({ methods }) =>
      methods.map(({ parent, name, input }) => {
        const fields = input.fields.filter(({ presence }) => presence === FeatureSet_FieldPresence.EXPLICIT)
        return [`${parent.typeName}/${name}`, new Set(fields.map((field) => field.name))] as const
      }),
    ),
  ])
}

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service'
}

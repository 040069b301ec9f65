import { type DescService, getOption, hasOption } from '@bufbuild/protobuf'
import { EdgeAccess, edge_access, http } from '@immersiverse/auth-contract'
import { toMethodName } from './to-method-name.ts'

/** Methods, such as `auth.v1.AuthService/Login`, that have a path and do not say who may call them over the edge. */
export function listUnmarkedMethods(services: readonly DescService[]): string[] {
  return services
    .flatMap(({ methods }) => methods)
    .filter((method) => hasOption(method, http) && getOption(method, edge_access) === EdgeAccess.UNSPECIFIED)
    .map(toMethodName)
}

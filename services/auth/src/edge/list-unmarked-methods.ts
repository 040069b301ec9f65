import { type DescMethod, type DescService, getOption, hasOption } from '@bufbuild/protobuf'
import { EdgeAccess, EdgeOthers, edge_access, edge_others, http } from '@immersiverse/auth-contract'
import { toMethodName } from './to-method-name.ts'

/** Methods, such as `auth.v1.AuthService/Login`, that have a path and do not say who may call them over the edge. */
export function listUnmarkedMethods(services: readonly DescService[]): string[] {
  return services
    .flatMap(({ methods }) => methods)
    .filter((method) => hasOption(method, http) && isUnmarked(method))
    .map(toMethodName)
}

function isUnmarked(method: DescMethod): boolean {
  const access = getOption(method, edge_access)
  if (access === EdgeAccess.SELF) return getOption(method, edge_others) === EdgeOthers.UNSPECIFIED
  return access === EdgeAccess.UNSPECIFIED
}

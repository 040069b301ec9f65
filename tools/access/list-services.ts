import type { DescService } from '@bufbuild/protobuf'
import * as contract from '@immersiverse/auth-contract'

/** All services of the contract. Throws where there are none. */
export function listServices(): DescService[] {
  const services = Object.values<unknown>(contract).filter(isService)
  if (services.length === 0) throw new Error('the contract has no services')
  return services.filter(({ typeName }) => typeName.startsWith('auth.v1.'))
}

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service'
}

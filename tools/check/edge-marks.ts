import type { DescService } from '@bufbuild/protobuf'
import * as contract from '@immersiverse/auth-contract'
import { listUnmarkedMethods } from '../../services/auth/src/edge/list-unmarked-methods.ts'

/** The contract's methods that have an HTTP path and do not say who may call it, one line each. */
export async function checkEdgeMarks(): Promise<string[]> {
  const services = Object.values<unknown>(contract).filter(isService)
  if (services.length === 0) throw new Error('the contract has no services: nothing was checked')
  return listUnmarkedMethods(services).map(
    (method) => `${method} has a path and no mark; add option (edge_access) beside it in proto/`,
  )
}

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service'
}

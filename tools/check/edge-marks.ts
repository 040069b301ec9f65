import { listUnmarkedMethods } from '../../services/auth/src/edge/list-unmarked-methods.ts'
import { listServices } from '../access/list-services.ts'

/** The contract's methods that have an HTTP path and do not say who may call it, one line each. */
export async function checkEdgeMarks(): Promise<string[]> {
  return listUnmarkedMethods(listServices()).map(
    (method) =>
      `${method} has a path and no mark; add options (edge_access) and, for SELF, (edge_others) beside it in proto/`,
  )
}

import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  getOption,
  hasOption,
} from '@bufbuild/protobuf'
import { EdgeAccess, edge_access, http } from '@immersiverse/auth-contract'
import { listUnmarkedMethods } from './list-unmarked-methods.ts'
import { toMethodName } from './to-method-name.ts'
import { findVariable, type Route, toRoute } from './to-route.ts'

/** A route and who may call it. */
export interface EdgeRoute extends Route {
  readonly access: 'anon' | 'self'
}

/**
 * The routes of all methods that carry a `google.api.http` rule, additional bindings included.
 * @throws Error for a method with a path and without an `edge_access` mark, a stream with a path, and a `self` route whose path does not
 *   name the `user_id`.
 */
export function listRoutes(services: readonly DescService[]): EdgeRoute[] {
  const [unmarked] = listUnmarkedMethods(services)
  if (unmarked !== undefined) throw new Error(`${unmarked} has a path and no edge_access mark`)
  return services.flatMap(({ methods }) =>
    methods.filter((method) => hasOption(method, http)).flatMap(toRoutes),
  )
}

function toRoutes(method: DescMethod): EdgeRoute[] {
  if (!isUnary(method)) throw new Error(`${toMethodName(method)} is a stream and has a path`)
  const access = getOption(method, edge_access) === EdgeAccess.SELF ? 'self' : 'anon'
  const rule = getOption(method, http)
  const routes = [rule, ...rule.additionalBindings].map((one) => toRoute(method, one))
  if (access === 'self' && routes.some((route) => findVariable(route, 'user_id') === undefined)) {
    throw new Error(`${toMethodName(method)} is for the user's own token and its path has no {user_id}`)
  }
  return routes.map((route) => ({ ...route, access }))
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary'
}

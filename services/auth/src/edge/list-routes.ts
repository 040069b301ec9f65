import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  getOption,
  hasOption,
} from '@bufbuild/protobuf'
import { EdgeAccess, EdgeOthers, edge_access, edge_others, http } from '@immersiverse/auth-contract'
import type { Others } from '../domain/may-act-for.ts'
import { listUnmarkedMethods } from './list-unmarked-methods.ts'
import { toMethodName } from './to-method-name.ts'
import { findVariable, type Route, toRoute } from './to-route.ts'

/** A route and who may call it. */
export interface EdgeRoute extends Route {
  readonly access: 'anon' | 'self'
  /** Who else may call a `self` route, for any user. */
  readonly others: Others
}

/**
 * The routes of all methods that carry a `google.api.http` rule, additional bindings included.
 * @throws Error for a method with a path and without an `edge_access` mark, a stream with a path, and a `self` route whose path does not
 *   name the `user_id`.
 */
export function listRoutes(services: readonly DescService[]): EdgeRoute[] {
  const [unmarked] = listUnmarkedMethods(services)
  if (unmarked !== undefined) throw new Error(`${unmarked} has a path and no mark that says who may call it`)
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
  return routes.map((route) => ({ ...route, access, others: toOthers(method) }))
}

const others: Readonly<Record<EdgeOthers, Others>> = Object.freeze({
  [EdgeOthers.UNSPECIFIED]: 'nobody',
  [EdgeOthers.NOBODY]: 'nobody',
  [EdgeOthers.OPERATOR]: 'operator',
  [EdgeOthers.VIEWER]: 'viewer',
})

function toOthers(method: DescMethod): Others {
  return others[getOption(method, edge_others)]
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary'
}

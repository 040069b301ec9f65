import { type DescMethod, type DescService, hasOption } from '@bufbuild/protobuf'
import { http } from '@immersiverse/auth-contract'
import { mayActFor } from '../domain/may-act-for.ts'
import { type EdgeRoute, listRoutes } from './list-routes.ts'
import { toMethodName } from './to-method-name.ts'

/** Who may call, one after the other: nobody known, a user about themselves, about somebody else, about somebody else with a role, a service. */
export const accessClasses = Object.freeze([
  'anonymous',
  'self',
  'other user',
  'viewer',
  'operator',
  'service',
] as const)

/** One of them. */
export type AccessClass = (typeof accessClasses)[number]

/** Who may call a method. */
export interface AccessRow {
  readonly method: DescMethod
  /** Such as `auth.v1.AuthService/Login`. */
  readonly name: string
  /** How it is reached over the edge; none means by services alone. */
  readonly routes: readonly EdgeRoute[]
  readonly allowed: Readonly<Record<AccessClass, boolean>>
}

/**
 * Who may call which method, of all the services' methods, as their marks say. What a service may call is narrowed by the callers' policy.
 * @throws Error for a method with a path and no marks.
 */
export function listAccess(services: readonly DescService[]): AccessRow[] {
  const routes = listRoutes(services)
  return services.flatMap(({ methods }) =>
    methods.map((method) => {
      const own = hasOption(method, http) ? routes.filter((route) => route.method === method) : []
      return { method, name: toMethodName(method), routes: own, allowed: toAllowed(own) }
    }),
  )
}

function toAllowed(routes: readonly EdgeRoute[]): AccessRow['allowed'] {
  const isAnonymous = routes.some(({ access }) => access === 'anon')
  const hasRole = (role: string) =>
    isAnonymous || routes.some(({ others }) => mayActFor({ roles: [role] }, others))
  return {
    anonymous: isAnonymous,
    self: routes.length > 0,
    'other user': isAnonymous,
    viewer: hasRole('viewer'),
    operator: hasRole('operator'),
    service: true,
  }
}

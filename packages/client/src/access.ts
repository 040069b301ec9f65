import { bounds } from '@immersiverse/auth-contract'

/**
 * Who may call: anyone (`public`: no token is asked for or looked at), anyone with a valid token, or only those whose token carries all
 * of the roles.
 */
export type Access = 'public' | 'authenticated' | { readonly roles: readonly string[] }

/** Throws TypeError unless the value is an Access: a typing slip in a route must stop the start, not open the route. */
export function assertAccess(value: unknown, where: string): asserts value is Access {
  if (value === 'public' || value === 'authenticated') return
  const roles = typeof value === 'object' && value !== null && 'roles' in value ? value.roles : undefined
  if (Array.isArray(roles) && roles.length <= bounds.requiredRoles && roles.every(isRole)) return
  throw new TypeError(`${where}: access is 'public', 'authenticated' or { roles: [...] }`)
}

function isRole(role: unknown): boolean {
  return typeof role === 'string' && role !== '' && role.length <= bounds.roleMax
}

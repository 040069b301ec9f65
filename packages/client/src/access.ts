import { bounds } from '@immersiverse/auth-contract'

/** Who may call with a valid token, and how surely that must be known; what is not said is as with `'authenticated'`. */
export interface AccessRules {
  /** Roles the token must carry, all of them. */
  readonly roles?: readonly string[]
  /** Local verification: how old the view of revocations may be here, in milliseconds; default: the connection's. */
  readonly maxStalenessMs?: number
  /** Local verification: what to do when neither the view nor the service can tell; default `refuse` (UNAVAILABLE). */
  readonly onUnavailable?: 'refuse' | 'allowStale'
}

/** Who may call: anyone (`public`: no token is asked for or looked at), anyone with a valid token, or as the rules say. */
export type Access = 'public' | 'authenticated' | AccessRules

const ruleNames: ReadonlySet<string> = new Set(['roles', 'maxStalenessMs', 'onUnavailable'])

/** Throws TypeError unless the value is an Access: a typing slip in a route must stop the start, not open the route. */
export function assertAccess(value: unknown, where: string): asserts value is Access {
  if (value === 'public' || value === 'authenticated') return
  if (typeof value === 'object' && value !== null && isRules(value)) return
  throw new TypeError(
    `${where}: access is 'public', 'authenticated' or { roles: [...], maxStalenessMs: 10_000, onUnavailable: 'allowStale' }, each optional`,
  )
}

function isRules(value: object): value is AccessRules {
  const { roles, maxStalenessMs, onUnavailable } = value as Record<string, unknown>
  const names = Object.keys(value)
  if (names.length === 0 || names.some((name) => !ruleNames.has(name))) return false
  const hasRoles =
    roles === undefined ||
    (Array.isArray(roles) && roles.length <= bounds.requiredRoles && roles.every(isRole))
  const hasStaleness =
    maxStalenessMs === undefined || (Number.isFinite(maxStalenessMs) && Number(maxStalenessMs) > 0)
  return hasRoles && hasStaleness && [undefined, 'refuse', 'allowStale'].includes(onUnavailable as string)
}

function isRole(role: unknown): boolean {
  return typeof role === 'string' && role !== '' && role.length <= bounds.roleMax
}

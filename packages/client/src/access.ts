import { bounds } from '@immersiverse/auth-contract'

/**
 * Who may call with a valid token, and how surely that must be known, at the start and as long as a stream is open; what is not said is as
 * with `'authenticated'`.
 */
export interface AccessRules {
  /** Roles the token must carry, all of them. */
  readonly roles?: readonly string[]
  /**
   * S, how long ago it may have been that the caller was known not to be revoked, in milliseconds; default: the connection's. With `remote`
   * verification it is about open streams only.
   */
  readonly maxStalenessMs?: number
  /** What to do when neither the view nor the service can tell; default `refuse` (UNAVAILABLE; open streams end). */
  readonly onUnavailable?: 'refuse' | 'allowStale'
  /**
   * What becomes of an open stream when its token expires: `end` (default), or `continue` until the session or the user is revoked. With
   * `continue` it ends all the same when the view of revocations is not FRESH: nobody can be asked about an expired token.
   */
  readonly onExpiry?: 'end' | 'continue'
}

/** Who may call: anyone (`public`: no token is asked for or looked at), anyone with a valid token, or as the rules say. */
export type Access = 'public' | 'authenticated' | AccessRules

const ruleNames: ReadonlySet<string> = new Set(['roles', 'maxStalenessMs', 'onUnavailable', 'onExpiry'])

/** Throws TypeError unless the value is an Access: a typing slip in a route must stop the start, not open the route. */
export function assertAccess(value: unknown, where: string): asserts value is Access {
  if (value === 'public' || value === 'authenticated') return
  if (typeof value === 'object' && value !== null && isRules(value)) return
  throw new TypeError(
    `${where}: access is 'public', 'authenticated' or { roles: [...], maxStalenessMs: 10_000, onUnavailable: 'allowStale', onExpiry: 'continue' }, each optional`,
  )
}

function isRules(value: object): value is AccessRules {
  const { roles, maxStalenessMs, onUnavailable, onExpiry } = value as Record<string, unknown>
  const names = Object.keys(value)
  if (names.length === 0 || names.some((name) => !ruleNames.has(name))) return false
  const hasRoles =
    roles === undefined ||
    (Array.isArray(roles) && roles.length <= bounds.requiredRoles && roles.every(isRole))
  const hasStaleness =
    maxStalenessMs === undefined || (Number.isFinite(maxStalenessMs) && Number(maxStalenessMs) > 0)
  const hasPolicy = [undefined, 'refuse', 'allowStale'].includes(onUnavailable as string)
  return hasRoles && hasStaleness && hasPolicy && [undefined, 'end', 'continue'].includes(onExpiry as string)
}

function isRole(role: unknown): boolean {
  return typeof role === 'string' && role !== '' && role.length <= bounds.roleMax
}

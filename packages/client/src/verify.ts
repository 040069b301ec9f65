import type { Principal } from './principal.ts'

/** What one verification asks beyond the token being valid. */
export interface VerifyOptions {
  /** Must be in `aud`; default: the auth service's own audience. */
  readonly audience?: string
  /** Roles the token must carry, all of them. */
  readonly requiredRoles?: readonly string[]
}

/**
 * Says who a token stands for. Rejects with AuthError: UNAUTHENTICATED for a token that is not valid, PERMISSION_DENIED where only a role
 * is missing, UNAVAILABLE where it could not be found out: an outage is never called an invalid token.
 */
export type Verify = (token: string, options?: VerifyOptions) => Promise<Principal>

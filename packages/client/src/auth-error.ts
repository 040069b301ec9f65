import type { ClaimFault, TokenFault } from './verifier/index.ts'

/** What a protected service answers: gRPC's name for it, or HTTP 401, 403, 503. */
export type AuthErrorCode = 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'UNAVAILABLE'

/**
 * Why. UNAUTHENTICATED: no token, or what ValidateToken says about it. PERMISSION_DENIED: a role is missing.
 * UNAVAILABLE: whether the token is valid could not be found out; it says nothing about the token.
 */
export type AuthErrorReason =
  | 'MISSING_ACCESS_TOKEN'
  | TokenFault
  | ClaimFault
  | 'REVOKED'
  | 'USER_SUSPENDED'
  | 'USER_DELETED'
  | 'UNSPECIFIED'
  | 'AUTH_UNREACHABLE'
  | 'DEADLINE_EXCEEDED'
  | 'TOO_MANY_WAITING'
  | 'CLOSED'

/** A request that may not be served. `cause` is for the log, never for the caller. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly code: AuthErrorCode
  readonly reason: AuthErrorReason

  constructor(code: AuthErrorCode, reason: AuthErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.reason = reason
  }
}

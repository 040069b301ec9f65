import { AuthError, type AuthErrorReason } from './auth-error.ts'

/** The AuthError for a token that is known not to be good: PERMISSION_DENIED where only a role is missing, else UNAUTHENTICATED. */
export function tokenRefusal(reason: AuthErrorReason): AuthError {
  return reason === 'MISSING_ROLE'
    ? new AuthError('PERMISSION_DENIED', reason, 'the access token lacks a role that is required')
    : new AuthError('UNAUTHENTICATED', reason, `the access token is not valid: ${reason}`)
}

import { AuthError, type AuthErrorReason } from './auth-error.ts'

/** AuthError UNAVAILABLE: it could not be found out, which says nothing about a token. */
export function unavailable(reason: AuthErrorReason, message: string, cause?: unknown): AuthError {
  return new AuthError('UNAVAILABLE', reason, message, cause === undefined ? undefined : { cause })
}

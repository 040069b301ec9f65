import type { ErrorReasonName } from '@immersiverse/auth-contract'

/** A field of a request that breaks a rule; `description` is shown to the caller and never holds a secret. */
export interface FieldViolation {
  readonly field: string
  readonly description: string
}

/** What an {@link AuthError} may carry beside its reason. */
export interface AuthErrorDetails {
  readonly fields?: readonly FieldViolation[]
  /** Sent as `ErrorInfo.metadata`. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Sent as `RetryInfo`. */
  readonly retryAfterMs?: number
  /** Kept for the log, never sent. */
  readonly cause?: unknown
}

/** Every refusal the service can give, by its reason; `rpc/errors.ts` holds the status of each. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly reason: ErrorReasonName
  readonly details: AuthErrorDetails

  constructor(reason: ErrorReasonName, details: AuthErrorDetails = {}) {
    super(reason, { cause: details.cause })
    this.reason = reason
    this.details = details
  }
}

/** An INVALID_FIELD error for one field. */
export function invalidField(field: string, description: string): AuthError {
  return new AuthError('INVALID_FIELD', { fields: [{ field, description }] })
}

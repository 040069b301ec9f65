import type { AuthError } from './auth-error.ts'

/** `reason` and `metadata` of `google.rpc.ErrorInfo`. */
export interface ErrorInfoFields {
  readonly reason: string
  readonly metadata: Record<string, string>
}

/**
 * How a refusal is named to callers, over gRPC and HTTP alike: `MISSING_ACCESS_TOKEN`; `INVALID_ACCESS_TOKEN` with the validation reason
 * in the metadata; `MISSING_ROLE`; `AUTH_UNAVAILABLE`, whatever the cause.
 */
export function toErrorInfo(error: AuthError): ErrorInfoFields {
  switch (error.code) {
    case 'UNAUTHENTICATED':
      return error.reason === 'MISSING_ACCESS_TOKEN'
        ? { reason: error.reason, metadata: {} }
        : { reason: 'INVALID_ACCESS_TOKEN', metadata: { validation_reason: error.reason } }
    case 'PERMISSION_DENIED':
      return { reason: 'MISSING_ROLE', metadata: {} }
    case 'UNAVAILABLE':
      return { reason: 'AUTH_UNAVAILABLE', metadata: {} }
  }
}

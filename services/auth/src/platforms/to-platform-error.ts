import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { PlatformError, type PlatformFault } from './platform-error.ts'

/** RFC 6749 §5.2, and what each error says about the grant. Others are outages. */
const faults: Readonly<Record<string, PlatformFault>> = Object.freeze({
  invalid_grant: 'REFUSED',
  access_denied: 'REFUSED',
  consent_required: 'REFUSED',
  interaction_required: 'REFUSED',
  invalid_client: 'MISCONFIGURED',
  unauthorized_client: 'MISCONFIGURED',
  invalid_request: 'MISCONFIGURED',
  invalid_scope: 'MISCONFIGURED',
  unsupported_grant_type: 'MISCONFIGURED',
})

/** Codes of openid-client for an answer that is well made and not for us: another issuer, audience, nonce, state. */
const mismatches = new Set([
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
])

/** What was thrown while a platform was called, as a PlatformError. Only a clear word of the platform is a refusal. */
export function toPlatformError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  if (error instanceof ResponseBodyError) {
    const fault = error.status === 429 ? 'UNAVAILABLE' : (faults[error.error] ?? 'UNAVAILABLE')
    return new PlatformError(fault, `the platform says ${error.status} ${toWord(error.error)}`)
  }
  if (error instanceof AuthorizationResponseError) {
    return new PlatformError('REFUSED', `the redirect says ${toWord(error.error)}`)
  }
  const cause = findPlatformError(error)
  if (cause !== undefined) return cause
  if (error instanceof ClientError) {
    const fault = isMismatch(error) ? 'REFUSED' : 'UNAVAILABLE'
    return new PlatformError(fault, `the answer does not hold: ${error.code ?? 'no code'}`)
  }
  return new PlatformError('UNAVAILABLE', 'the platform cannot be asked', { cause: error })
}

/** In front of the token endpoint `iss` and `state` of the redirect are compared, which has no code of its own. */
function isMismatch({ code, message, cause }: ClientError): boolean {
  if (mismatches.has(code ?? '')) return true
  const isRedirect = cause !== null && typeof cause === 'object' && 'parameters' in cause
  return isRedirect || /"(iss|state)"|ID Token|response parameter/.test(message)
}

function findPlatformError(error: unknown): PlatformError | undefined {
  let cause: unknown = error
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    if (cause instanceof PlatformError) return cause
    cause = cause.cause
  }
  return undefined
}

/** An error code of a platform as it may stand in a log. */
function toWord(text: string): string {
  return /^[\w.-]{1,64}$/.test(text) ? text : 'something else'
}

import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { PlatformError, type PlatformFault } from './platform-error.ts'

/** RFC 6749 §5.2, RFC 7009 §2.2.1 and Google's `invalid_token`: what each error says about the grant. */
const faults: ReadonlyMap<string, PlatformFault> = new Map([
  ...['invalid_grant', 'access_denied', 'consent_required', 'interaction_required', 'invalid_token'].map(
    (error) => [error, 'REFUSED'] as const,
  ),
  ...['server_error', 'temporarily_unavailable', 'slow_down'].map((error) => [error, 'UNAVAILABLE'] as const),
])

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
    return toErrorAnswer(error)
  }
  if (error instanceof AuthorizationResponseError) {
    return new PlatformError('REFUSED', `the redirect says ${toWord(error.error)}`)
  }
  const cause = findPlatformError(error)
  if (cause !== undefined) return cause
  if (error instanceof ClientError) {
    return new PlatformError(toFault(error), `the answer does not hold: ${error.code ?? 'no code'}`)
  }
  return new PlatformError('UNAVAILABLE', 'the platform cannot be asked', { cause: error })
}

/** An error that a platform answered. One that nobody knows is no outage, and no word about the grant: they are there, and do not understand us. */
export function toErrorAnswer({
  error,
  status,
}: {
  readonly error: string
  readonly status: number
}): PlatformError {
  const isAway = status === 429 || status >= 500
  const fault = isAway ? 'UNAVAILABLE' : (faults.get(error) ?? 'MISCONFIGURED')
  return new PlatformError(fault, `the platform says ${status} ${toWord(error)}`)
}

function toFault({ code, cause }: ClientError): PlatformFault {
  if (mismatches.has(code ?? '') || isOfRedirect(cause)) return 'REFUSED'
  // A refusal that says nothing: they are there, and do not understand us.
  const isRefusal = cause instanceof Response && cause.status >= 400 && cause.status < 500
  return isRefusal && cause.status !== 429 ? 'MISCONFIGURED' : 'UNAVAILABLE'
}

/** What is wrong with the redirect has no code of its own, but carries the redirect's parameters. */
function isOfRedirect(cause: unknown): boolean {
  const facts = cause instanceof Error ? cause.cause : undefined
  return typeof facts === 'object' && facts !== null && 'parameters' in facts
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

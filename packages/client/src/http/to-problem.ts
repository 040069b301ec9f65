import { errorDomain } from '@immersiverse/auth-contract'
import type { AuthError } from '../auth-error.ts'
import { toErrorInfo } from '../to-error-info.ts'

/** An HTTP answer to a refused request. */
export interface Problem {
  /** 401, 403 or 503. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON text of `application/problem+json` (RFC 9457). */
  readonly body: string
}

const statuses = Object.freeze({
  UNAUTHENTICATED: { status: 401, title: 'Unauthorized' },
  PERMISSION_DENIED: { status: 403, title: 'Forbidden' },
  UNAVAILABLE: { status: 503, title: 'Service Unavailable' },
})

/**
 * The HTTP answer to a refused request: a problem document (RFC 9457) with the ErrorInfo of the gRPC answer, `WWW-Authenticate` as
 * RFC 6750 §3 asks on 401 and 403, `Retry-After` on 503. Nothing of the token or of the cause is in it.
 */
export function toProblem(error: AuthError): Problem {
  const { status, title } = statuses[error.code]
  const info = toErrorInfo(error)
  const body = { type: 'about:blank', title, status, detail: error.message, domain: errorDomain, ...info }
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...toChallenge(error),
    },
    body: JSON.stringify(body),
  }
}

function toChallenge(error: AuthError): Record<string, string> {
  switch (error.code) {
    case 'UNAUTHENTICATED':
      // RFC 6750 §3.1: a request without a token is told no error code.
      return error.reason === 'MISSING_ACCESS_TOKEN'
        ? { 'www-authenticate': 'Bearer' }
        : { 'www-authenticate': `Bearer error="invalid_token", error_description="${error.reason}"` }
    case 'PERMISSION_DENIED':
      return { 'www-authenticate': `Bearer error="insufficient_scope", error_description="${error.reason}"` }
    case 'UNAVAILABLE':
      return { 'retry-after': '1' }
  }
}

import { STATUS_CODES } from 'node:http'
import { status } from '@grpc/grpc-js'
import { errorDomain } from '@immersiverse/auth-contract'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'
import { HttpRefusal } from './http-refusal.ts'
import { toHttpStatus } from './to-http-status.ts'

/** An HTTP answer that refuses. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON text of `application/problem+json`. */
  readonly body: string
}

/**
 * An error as a problem document (RFC 9457): `type`, `title`, `status` and `detail`, then the gRPC code's name and what its details hold:
 * `reason`, `domain`, `metadata`, and where there are some `fieldViolations` and `retryAfterSeconds`. The cause is not in it.
 */
export function toProblem(error: AuthError): Problem {
  const { code, message } = toStatus(error)
  const httpStatus = toHttpStatus(error)
  const retryAfterSeconds = toRetryAfterSeconds(error, httpStatus)
  const { fields, metadata } = error.details
  const body = {
    // RFC 9457 §4.2.1: with this type the title is the status' own phrase; `reason` says what kind it is.
    type: 'about:blank',
    title: STATUS_CODES[httpStatus] ?? 'Unknown',
    status: httpStatus,
    detail: message,
    code: status[code],
    reason: error.reason,
    domain: errorDomain,
    metadata: metadata ?? {},
    ...(fields ? { fieldViolations: fields.map(({ field, description }) => ({ field, description })) } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
  return {
    status: httpStatus,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(httpStatus === 401 ? { 'www-authenticate': toChallenge(error) } : {}),
      ...(error instanceof HttpRefusal ? error.headers : {}),
    },
    body: JSON.stringify(body),
  }
}

/** RFC 9110 §10.2.3 counts whole seconds; an unavailable service says one where nothing better is known. */
function toRetryAfterSeconds(error: AuthError, httpStatus: number): number | undefined {
  if (httpStatus !== 429 && httpStatus !== 503) return undefined
  return Math.max(1, Math.ceil((error.details.retryAfterMs ?? 0) / 1000))
}

/** RFC 9110 §15.5.2 wants a challenge on every 401; RFC 6750 §3.1 names an error only where a token was sent. */
function toChallenge(error: AuthError): string {
  const realm = `Bearer realm="${errorDomain}"`
  if (error.reason !== 'INVALID_ACCESS_TOKEN') return realm
  const why = error.details.metadata?.validation_reason
  return `${realm}, error="invalid_token"${why === undefined ? '' : `, error_description="${why}"`}`
}

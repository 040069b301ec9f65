import { bounds } from '@immersiverse/auth-contract'
import type { AuthError } from '../domain/errors.ts'
import { toAuthError } from '../rpc/errors.ts'
import { HttpRefusal } from './http-refusal.ts'

/** Whatever was thrown in a request as an AuthError; what fastify itself refuses gets the contract's reason for it. */
export function fromFastifyError(thrown: unknown): AuthError {
  const { code, statusCode } = toFacts(thrown)
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) return toAuthError(thrown)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return makeTooLarge(thrown)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return makeUnsupportedMedia(thrown)
  // A path that does not decode, a length that is wrong, a body that broke off.
  return new HttpRefusal('MALFORMED_MESSAGE', { status: 400 }, { cause: thrown })
}

function makeTooLarge(cause: unknown): AuthError {
  return new HttpRefusal(
    'MESSAGE_TOO_LARGE',
    { status: 413 },
    { cause, metadata: { max_bytes: String(bounds.messageBytes) } },
  )
}

/** 415, naming what is taken (RFC 9110 §15.5.16). */
export function makeUnsupportedMedia(cause?: unknown): AuthError {
  return new HttpRefusal(
    'MALFORMED_MESSAGE',
    { status: 415, headers: { accept: 'application/json' } },
    { cause, fields: [{ field: 'body', description: 'must be application/json in UTF-8, not compressed' }] },
  )
}

function toFacts(thrown: unknown): { code?: unknown; statusCode?: number } {
  if (!(thrown instanceof Error)) return {}
  const { code, statusCode } = thrown as Error & { code?: unknown; statusCode?: unknown }
  return { code, ...(typeof statusCode === 'number' ? { statusCode } : {}) }
}

import { AuthError } from './auth-error.ts'

const bearer = /^bearer +([^ ]+) *$/i

/**
 * Reads the access token from the value or values of an `authorization` header (RFC 6750 §2.1; the scheme ignores case, RFC 9110 §11.1).
 * Throws AuthError UNAUTHENTICATED: `MISSING_ACCESS_TOKEN` where there is none or another scheme, `MALFORMED` where there are two or it
 * is no single word. Its characters are the verification's to judge: those of a token seen before need no second look.
 */
export function readBearer(values: string | readonly string[] | null | undefined): string {
  const list = typeof values === 'string' ? [values] : (values ?? [])
  const [value] = list
  // As nearly all clients write it, without a pattern that goes through the whole token.
  if (list.length === 1 && value?.startsWith('Bearer ') && value.length > 7 && !value.includes(' ', 7)) {
    return value.slice(7)
  }
  if (value === undefined || !/^bearer(?: |$)/i.test(value)) {
    throw new AuthError('UNAUTHENTICATED', 'MISSING_ACCESS_TOKEN', 'a bearer token is required')
  }
  const token = list.length === 1 ? bearer.exec(value)?.[1] : undefined
  if (token === undefined)
    throw new AuthError('UNAUTHENTICATED', 'MALFORMED', 'the bearer token is malformed')
  return token
}

import { AuthError } from './auth-error.ts'

const bearer = /^bearer +([\w.~+/-]+=*) *$/i

/**
 * Reads the access token from the value or values of an `authorization` header (RFC 6750 §2.1; the scheme ignores case, RFC 9110 §11.1).
 * Throws AuthError UNAUTHENTICATED: `MISSING_ACCESS_TOKEN` where there is none or another scheme, `MALFORMED` where there are two or it
 * is no token.
 */
export function readBearer(values: string | readonly string[] | null | undefined): string {
  const list = typeof values === 'string' ? [values] : (values ?? [])
  const [value] = list
  if (value === undefined || !/^bearer(?: |$)/i.test(value)) {
    throw new AuthError('UNAUTHENTICATED', 'MISSING_ACCESS_TOKEN', 'a bearer token is required')
  }
  const token = list.length === 1 ? bearer.exec(value)?.[1] : undefined
  if (token === undefined)
    throw new AuthError('UNAUTHENTICATED', 'MALFORMED', 'the bearer token is malformed')
  return token
}

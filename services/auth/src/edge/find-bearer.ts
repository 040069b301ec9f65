import { AuthError } from '../domain/errors.ts'

const bearer = /^bearer +([\w.~+/-]+=*) *$/i

/**
 * The token of an `authorization` header's values (RFC 6750 §2.1; the scheme ignores case, RFC 9110 §11.1), or undefined where there is
 * none or another scheme.
 * @throws AuthError INVALID_ACCESS_TOKEN `MALFORMED` where there are two values or the bearer's is no token.
 */
export function findBearer(values: readonly string[] | undefined): string | undefined {
  const [value] = values ?? []
  if (value === undefined || !/^bearer(?: |$)/i.test(value)) return undefined
  const token = values?.length === 1 ? bearer.exec(value)?.[1] : undefined
  if (token === undefined) {
    throw new AuthError('INVALID_ACCESS_TOKEN', { metadata: { validation_reason: 'MALFORMED' } })
  }
  return token
}

import { parseJsonObject } from '../verifier/parse-json-object.ts'
import { type AccessTokenClaims, readClaims } from '../verifier/read-claims.ts'

/** What revocations can name of a token. */
export interface AcceptedToken {
  readonly claims: AccessTokenClaims
  readonly keyId: string
}

/**
 * Reads a token that a verification **has accepted**, in process or by ValidateToken; nothing is verified here. Undefined for a text that
 * is no access token of this service, whatever accepted it.
 */
export function readAcceptedToken(token: string): AcceptedToken | undefined {
  const [head = '', body = ''] = token.split('.', 2)
  const keyId = parseJsonObject(Buffer.from(head, 'base64url'))?.kid
  const claims = readClaims(Buffer.from(body, 'base64url'), Number.MAX_SAFE_INTEGER)
  return claims === undefined || typeof keyId !== 'string' ? undefined : { claims, keyId }
}

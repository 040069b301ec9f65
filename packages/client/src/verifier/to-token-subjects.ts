import type { SubjectKey } from './make-subject-table.ts'
import type { AccessTokenClaims } from './read-claims.ts'
import { toUuidKey } from './to-uuid-key.ts'

/** What revocations can name of a token, ready to be looked up again and again. */
export interface TokenSubjects {
  readonly token: SubjectKey
  readonly session: SubjectKey
  readonly user: SubjectKey
  /** `tv` */
  readonly tokenVersion: number
  readonly keyId: string
  readonly issuer: string
  /** `iat` and `exp` */
  readonly issuedSeconds: number
  readonly expiresSeconds: number
}

/** The subjects of a verified token. */
export function toTokenSubjects(claims: AccessTokenClaims, keyId: string): TokenSubjects {
  return {
    token: toSubjectKey(claims.jti),
    session: toSubjectKey(claims.sid),
    user: toSubjectKey(claims.sub),
    tokenVersion: claims.tv,
    keyId,
    issuer: claims.iss,
    issuedSeconds: claims.iat,
    expiresSeconds: claims.exp,
  }
}

/** The key that stands for this text and no other. */
export function toSubjectKey(text: string): SubjectKey {
  return toUuidKey(text) ?? text
}

import type { RevocationReason as ReasonEnum } from '@immersiverse/auth-contract'

/** Why something was revoked, by the names of `auth.v1.RevocationReason`. */
export type RevocationReason = Exclude<keyof typeof ReasonEnum, 'UNSPECIFIED'>

/** What an entry covers, see `auth.v1.RevocationType`. */
export type RevokedSubject =
  | { readonly type: 'TOKEN' | 'SESSION' | 'KEY'; readonly subject: string }
  /** Access tokens of the user with a lower token version. */
  | { readonly type: 'USER'; readonly subject: string; readonly minTokenVersion: number }
  /** Tokens of the issuer with `iat` at or before a whole second. */
  | { readonly type: 'ISSUER'; readonly subject: string; readonly until: Date }

/** What an entry covers. */
export type RevocationType = RevokedSubject['type']

/** An entry about to be written. */
export type NewRevocation = RevokedSubject & { readonly reason: RevocationReason }

/** An entry as it was written. */
export type Revocation = NewRevocation & {
  /** A UUIDv7. */
  readonly eventId: string
  /** Of its number; before it has one, of the database. */
  readonly epoch: string
  /** Gapless; undefined until the leader has given it. */
  readonly rseq: number | undefined
  /** The database's clock in the revoking transaction. */
  readonly committedAt: Date
  /** From then on every token it covers has expired; undefined: never. */
  readonly expiresAt: Date | undefined
}

/** What a call has revoked. */
export interface RevocationMark {
  readonly epoch: string
  readonly entries: readonly Revocation[]
}

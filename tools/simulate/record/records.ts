import type { AccessTokenClaims } from '@immersiverse/auth-client/verifier'

/** What callers ask of the service, apart from reading. */
export type OperationKind =
  | 'login'
  | 'refresh'
  | 'logout'
  | 'logoutAll'
  | 'revokeSession'
  | 'suspend'
  | 'activate'
  | 'delete'
  | 'changePassword'
  | 'setRoles'

/** How a call ended in the service: INVALID is a refusal that changed nothing or what the protocol says, UNKNOWN may have had its effect. */
export type Outcome = 'OK' | 'INVALID' | 'UNKNOWN'

/** A refresh token, by what it names. */
export interface RefreshTokenRecord {
  readonly text: string
  readonly sessionId: string
  readonly generation: number
}

/** One call as the service saw it, on the world's one clock. */
export interface Operation {
  readonly id: number
  readonly kind: OperationKind
  readonly userId: string
  /** The process that served it. */
  readonly process: string
  readonly startMs: number
  /** Infinity while it runs, and for ever where its effect may still come. */
  endMs: number
  outcome: Outcome
  /** The session it is about; of a login, the one it opened. */
  sessionId: string | undefined
  /** Of a login or a change of password, by its number. */
  readonly password: number | undefined
  readonly presented: RefreshTokenRecord | undefined
  readonly client: string | undefined
  /** What a login or a refresh answered. */
  given: RefreshTokenRecord | undefined
  /** The new one of a change of password. */
  readonly newPassword: number | undefined
  /** The session that a change of password keeps. */
  readonly keep: string | undefined
  /** Tokens of the user with a lower version were revoked by it, where it said so. */
  minTv: number | undefined
}

/** An access token that the service has given out. */
export interface AccessTokenRecord {
  readonly text: string
  readonly claims: AccessTokenClaims
  readonly keyId: string
  readonly by: Operation
  /** The true time from which it must be refused; undefined while nothing says so. */
  revokedMs: number | undefined
  revokedBy: string | undefined
}

/** A session, as the history knows it. */
export interface SessionRecord {
  readonly id: string
  readonly userId: string
  readonly openedBy: Operation
  readonly tokens: AccessTokenRecord[]
  /** What was given for each generation: one text, or the family has forked. */
  readonly generations: Map<number, { readonly text: string; readonly givenMs: number }>
  /** When it may have idled out, at the earliest: an answer that never came may have moved it. */
  idleEndMs: number
  /** By the database's clock, no earlier than its absolute end, and no later. */
  readonly absoluteEndMs: readonly [number, number]
  readonly operations: Operation[]
  /** The true time from which it has ended for good. */
  endedMs: number | undefined
  latest: RefreshTokenRecord
}

/** A user, as the history knows it. */
export interface UserRecord {
  readonly id: string
  readonly username: string
  readonly sessions: SessionRecord[]
  readonly operations: Operation[]
  /** The number of the present password, as far as a caller knows. */
  password: number
  /** Numbers of passwords that a change has ended, and when it was acknowledged. */
  readonly endedPasswords: Map<number, number>
  minTv: number
  /** When a suspension was acknowledged; undefined again once an activation begins. */
  suspendedMs: number | undefined
  deletedMs: number | undefined
}

/** Something that must not be. */
export interface Violation {
  readonly property: string
  readonly text: string
  readonly atMs: number
}

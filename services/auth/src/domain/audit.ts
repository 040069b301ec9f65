import type { Caller } from './caller.ts'
import type { UserId } from './ids.ts'

/** What the audit trail tells of; the names are stable, for they are what people filter by. */
export const auditActions = Object.freeze([
  'user.create',
  'user.update',
  'user.delete',
  'user.revoke',
  'password.change',
  'session.create',
  'session.repeat',
  'session.reuse',
  'session.lose',
  'session.end',
  'session.end_all',
  'session.revoke',
  'token.revoke',
  'issuer.revoke',
  'key.plan',
  'key.revoke',
  'key.delete',
  'key.reencrypt',
  'platform.connect',
  'platform.disconnect',
  'event.retry',
  'event.replay',
  'event.repair',
  'call.denied',
] as const)

/** One of {@link auditActions}. */
export type AuditAction = (typeof auditActions)[number]

/** Who did it: another service, a person with a token, somebody at the operator's command, the service itself, or nobody it knows. */
export const auditActorKinds = Object.freeze(['SERVICE', 'USER', 'OPERATOR', 'SYSTEM', 'ANONYMOUS'] as const)

/** One of {@link auditActorKinds}. */
export type AuditActorKind = (typeof auditActorKinds)[number]

/** Whether it was done, was tried in vain (a wrong password, a stolen token), or was not allowed. */
export type AuditOutcome = 'SUCCEEDED' | 'FAILED' | 'DENIED'

/** What an action is about: its kind, such as `user` or `key`, and its id. */
export interface AuditTarget {
  readonly kind:
    | 'user'
    | 'session'
    | 'token'
    | 'issuer'
    | 'key'
    | 'identifier'
    | 'method'
    | 'platform_account'
    | 'parked_keys'
    | 'master_key'
    | 'events'
  readonly id: string
}

/** What is written down of an action. Names of fields, never their values; no secret and nothing personal. */
export interface AuditEntry {
  readonly action: AuditAction
  readonly target: AuditTarget
  /** The user whom it concerns, where there is one. */
  readonly userId?: UserId | undefined
  /** The user whose credential the call carried: a password or a token of theirs. */
  readonly onBehalfOf?: UserId | undefined
  /** SUCCEEDED by default. */
  readonly outcome?: AuditOutcome
  /** Why, by a fixed name. */
  readonly reason?: string
  readonly changedFields?: readonly string[]
}

/** Who is written down: whoever called, or the service by itself. */
export type AuditActor = Caller | 'system'

/** The kind and the id of an actor; nobody and the service itself have no id. */
export function toActor(actor: AuditActor): { readonly kind: AuditActorKind; readonly id: string } {
  if (actor === 'system') return { kind: 'SYSTEM', id: '' }
  if (actor.kind === 'anonymous') return { kind: 'ANONYMOUS', id: '' }
  if (actor.kind === 'user') return { kind: 'USER', id: actor.userId }
  return actor.operator === undefined
    ? { kind: 'SERVICE', id: actor.id }
    : { kind: 'OPERATOR', id: actor.operator }
}

import type { Principal } from './principal.ts'

/** A principal whose times are still Unix milliseconds. */
export interface PrincipalFacts extends Omit<Principal, 'issuedAt' | 'expiresAt'> {
  readonly issuedMs: number
  readonly expiresMs: number
}

/**
 * The principal, such that no handler can change it for another: one object stands for a token as long as that is remembered. A Date cannot
 * be frozen, so each reading of a time gives a new one.
 */
export function freezePrincipal({ issuedMs, expiresMs, ...facts }: PrincipalFacts): Principal {
  return Object.freeze({
    userId: facts.userId,
    sessionId: facts.sessionId,
    roles: Object.freeze(facts.roles),
    subscriptionTier: facts.subscriptionTier,
    username: facts.username,
    clientId: facts.clientId,
    get issuedAt() {
      return new Date(issuedMs)
    },
    get expiresAt() {
      return new Date(expiresMs)
    },
    tokenId: facts.tokenId,
  })
}

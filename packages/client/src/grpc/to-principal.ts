import type { Principal as PrincipalMessage } from '@immersiverse/auth-contract'
import type { Principal } from '../principal.ts'

/** The principal of a ValidateToken answer, frozen; its times are whole seconds. */
export function toPrincipal(message: PrincipalMessage): Principal {
  return Object.freeze({
    userId: message.userId,
    sessionId: message.sessionId,
    roles: Object.freeze(message.roles),
    subscriptionTier: message.subscriptionTier,
    username: message.username,
    clientId: message.clientId,
    issuedAt: toDate(message.issuedAt?.seconds),
    expiresAt: toDate(message.expiresAt?.seconds),
    tokenId: message.tokenId,
  })
}

function toDate(seconds: bigint | undefined): Date {
  return new Date(Number(seconds ?? 0n) * 1000)
}

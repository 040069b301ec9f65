import type { Principal as PrincipalMessage } from '@immersiverse/auth-contract'
import { freezePrincipal } from '../freeze-principal.ts'
import type { Principal } from '../principal.ts'

/** The principal of a ValidateToken answer, frozen; its times are whole seconds. */
export function toPrincipal(message: PrincipalMessage): Principal {
  return freezePrincipal({
    userId: message.userId,
    sessionId: message.sessionId,
    roles: message.roles,
    subscriptionTier: message.subscriptionTier,
    username: message.username,
    clientId: message.clientId,
    issuedMs: toMs(message.issuedAt?.seconds),
    expiresMs: toMs(message.expiresAt?.seconds),
    tokenId: message.tokenId,
  })
}

function toMs(seconds: bigint | undefined): number {
  return Number(seconds ?? 0n) * 1000
}

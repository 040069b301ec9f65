import type { Principal } from '../principal.ts'
import type { RevocationView } from './make-revocation-view.ts'
import type { VerifiedToken } from './make-token-verifier.ts'
import { toTokenPrincipal } from './to-token-principal.ts'
import { type TokenSubjects, toTokenSubjects } from './to-token-subjects.ts'

/** What is kept of a verified token as long as it is remembered. */
export interface LocalToken {
  readonly subjects: TokenSubjects
  readonly principal: Principal
  /** The view, and its version, that did not revoke the token: R only grows, so the same version has the same verdict. */
  clearedView: RevocationView | undefined
  clearedVersion: number
}

/** What is kept of a token that has just been verified. */
export function toLocalToken({ claims, keyId }: Pick<VerifiedToken, 'claims' | 'keyId'>): LocalToken {
  return {
    subjects: toTokenSubjects(claims, keyId),
    principal: toTokenPrincipal(claims),
    clearedView: undefined,
    clearedVersion: -1,
  }
}

/** Whether the view revokes the token; a look-up only where R has changed since the last one. */
export function isRevoked(local: LocalToken, view: RevocationView): boolean {
  if (local.clearedVersion === view.version && local.clearedView === view) return false
  if (view.isRevoked(local.subjects)) return true
  local.clearedView = view
  local.clearedVersion = view.version
  return false
}

import type { VerificationResult } from '@immersiverse/auth-client/verifier'
import type { Deps } from '../deps.ts'

/**
 * A token's signature, by keys that were read after this call where its `kid` was not known: another instance may have made that key a
 * moment ago, so none is unknown before (R10).
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function verifyAgain(
  deps: Pick<Deps, 'keyRing' | 'verifier'>,
  token: string,
  first: VerificationResult,
): Promise<VerificationResult> {
  if (first.ok || first.reason !== 'UNKNOWN_KEY') return first
  await deps.keyRing.reload()
  return deps.verifier.verifySignature(token)
}

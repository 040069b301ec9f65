import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import { type ValidateTokenInput, type Validation, validateToken } from '../use-cases/validate-token.ts'

/**
 * Validates a token for a caller. A refusal is an answer, not an error, and has a line in the log all the same: it is what an operator looks
 * for when another service says 401. Ids only, never the token.
 * @throws what `validateToken` throws.
 */
export async function answerValidation(
  deps: Deps,
  caller: Caller,
  input: ValidateTokenInput,
): Promise<Validation> {
  const validation = await validateToken(deps, input)
  const { reason, claims } = validation
  if (reason !== undefined) {
    const { origin } = caller
    const facts = {
      reason,
      caller: caller.kind === 'service' ? caller.id : caller.kind,
      ip: origin.ip,
      ...(claims ? { tokenId: claims.jti, sessionId: claims.sid, userId: claims.sub } : {}),
    }
    deps.log.info(facts, 'token refused')
  }
  return validation
}

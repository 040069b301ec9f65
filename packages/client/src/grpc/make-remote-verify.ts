import { bounds, type ValidateTokenResponse, ValidationReason } from '@immersiverse/auth-contract'
import type { AuthErrorReason } from '../auth-error.ts'
import { tokenRefusal } from '../token-refusal.ts'
import type { Verify, VerifyOptions } from '../verify.ts'
import type { TokenQuestion } from './encode-validate-tokens-request.ts'
import type { TokenBatches } from './open-token-batches.ts'
import { toPrincipal } from './to-principal.ts'

const noRoles: readonly string[] = Object.freeze([])
/** RFC 6750 §2.1, `b64token`: nothing else can be a token, so nobody is asked about it. */
const bearerToken = /^[\w.~+/-]+=*$/

/**
 * Makes a Verify that asks the auth service about every token, strictly: the answer is the state of the database after the call began.
 * Throws TypeError, before asking, for options outside the contract's bounds: they are the program's fault and would end the stream that
 * all requests share.
 */
export function makeRemoteVerify(batches: Pick<TokenBatches, 'ask'>): Verify {
  return async (accessToken, options = {}) => {
    const question = toQuestion(accessToken, options)
    if (accessToken.length > bounds.accessTokenBytes || !bearerToken.test(accessToken)) {
      throw tokenRefusal('MALFORMED')
    }
    const response = await batches.ask(question)
    if (response.valid && response.principal !== undefined) return toPrincipal(response.principal)
    throw tokenRefusal(toReason(response))
  }
}

function toQuestion(
  accessToken: string,
  { audience = '', requiredRoles = noRoles }: VerifyOptions,
): TokenQuestion {
  if ([...audience].length > bounds.audienceMax) throw new TypeError('audience is too long')
  if (requiredRoles.length > bounds.requiredRoles) throw new TypeError('too many required roles')
  for (const role of requiredRoles) {
    if (role === '' || role.length > bounds.roleMax)
      throw new TypeError('a required role is empty or too long')
  }
  return { accessToken, audience, requiredRoles }
}

/** A reason this client does not know yet still means: not valid. */
function toReason({ reason }: ValidateTokenResponse): AuthErrorReason {
  return (ValidationReason[reason] ?? 'UNSPECIFIED') as AuthErrorReason
}

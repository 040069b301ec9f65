import type { AccessTokenClaims } from '@immersiverse/auth-client/verifier'
import { judgeClaims } from '@immersiverse/auth-client/verifier'
import { bounds, type ValidationReason } from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { invalidField } from '../domain/errors.ts'
import { verifyAgain } from './verify-again.ts'

/** A question about a token; an empty audience means the service's default. */
export interface ValidateTokenInput {
  readonly accessToken: string
  readonly audience: string
  readonly requiredRoles: readonly string[]
}

/** A reason as the contract names it. */
export type ValidationReasonName = Exclude<keyof typeof ValidationReason, 'UNSPECIFIED'>

/** What is known of a token. */
export interface Validation {
  /** Why it is not valid, or undefined. */
  readonly reason: ValidationReasonName | undefined
  /** The claims of a correctly signed token, valid or not. */
  readonly claims: AccessTokenClaims | undefined
  /** The clock of the look-up; of a token that was not looked up, this process's. */
  readonly checkedAt: Date
}

type ValidateDeps = Pick<Deps, 'clock' | 'keyRing' | 'verifier' | 'sessionLookup' | 'settings'>

/**
 * Says whether a token is valid now, strictly: by a look-up on the primary that started after the call.
 * @throws AuthError DATABASE_UNAVAILABLE when it cannot know, INVALID_FIELD. An invalid token is an answer.
 */
export async function validateToken(deps: ValidateDeps, input: ValidateTokenInput): Promise<Validation> {
  assertQuestion(input)
  const first = deps.verifier.verifySignature(input.accessToken)
  const verified = first.ok ? first : await verifyAgain(deps, input.accessToken, first)
  if (!verified.ok) return { reason: verified.reason, claims: undefined, checkedAt: deps.clock.now() }
  const { claims } = verified.token
  const answer = await deps.sessionLookup.ask(verified.token)
  // Times are judged by the database's clock: all replicas answer alike, and it is the clock that issued them.
  const reason =
    answer.findFault(verified.token) ??
    judgeClaims(claims, {
      issuer: deps.settings.issuer,
      audience: input.audience || deps.settings.audience,
      nowSeconds: answer.checkedAt.getTime() / 1000,
      leewaySeconds: 0,
      requiredRoles: input.requiredRoles,
    })
  return { reason, claims, checkedAt: answer.checkedAt }
}

function assertQuestion({ audience, requiredRoles }: ValidateTokenInput): void {
  if (audience.length > bounds.audienceMax) {
    throw invalidField('audience', `must have at most ${bounds.audienceMax} characters`)
  }
  if (
    requiredRoles.length > bounds.requiredRoles ||
    requiredRoles.some((role) => role.length > bounds.roleMax)
  ) {
    throw invalidField(
      'required_roles',
      `must be at most ${bounds.requiredRoles}, each of at most ${bounds.roleMax}`,
    )
  }
}

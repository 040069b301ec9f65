import type { Access, AccessRules } from './access.ts'
import type { Admission } from './admission.ts'
import { AuthError } from './auth-error.ts'
import { readBearer } from './read-bearer.ts'
import { type Clock, readClock } from './verifier/clock.ts'
import type { VerifyToken, VerifyTokenOptions } from './verify-token.ts'

/** The header value or values, and who may call: the caller, or undefined where anyone may. Rejects with AuthError only. */
export type Authorize = (
  authorization: string | readonly string[] | null | undefined,
  access: Access,
) => Promise<Admission | undefined>

const noRules: AccessRules = Object.freeze({})

/** Makes the decision that all guards share. A fault inside verification is UNAVAILABLE: it says nothing about the token. */
export function makeAuthorize(verify: VerifyToken, clock: Clock): Authorize {
  return async (authorization, access) => {
    if (access === 'public') return undefined
    const token = readBearer(authorization)
    const rules = access === 'authenticated' ? noRules : access
    const askedAt = readClock(clock)
    try {
      return { principal: await verify(token, toOptions(rules)), token, rules, askedAt }
    } catch (cause) {
      if (cause instanceof AuthError) throw cause
      throw new AuthError('UNAVAILABLE', 'AUTH_UNREACHABLE', 'the access token could not be verified', {
        cause,
      })
    }
  }
}

/** The rules of a route as they are, wherever they name no roles: they are read for every request. */
function toOptions(rules: AccessRules): VerifyTokenOptions {
  if (rules.roles === undefined) return rules
  const { roles, ...freshness } = rules
  return { ...freshness, requiredRoles: roles }
}

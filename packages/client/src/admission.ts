import type { AccessRules } from './access.ts'
import type { Principal } from './principal.ts'
import type { ClockReading } from './verifier/index.ts'

/** A caller that a guard has let in. */
export interface Admission {
  readonly principal: Principal
  /** The access token, as it came. */
  readonly token: string
  /** Of the route or method; empty where a valid token is all that is asked for. */
  readonly rules: AccessRules
  /** When its verification began: what ValidateToken answered is not older. */
  readonly askedAt: ClockReading
}

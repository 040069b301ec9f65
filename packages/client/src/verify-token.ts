import type { RevocationMark } from '@immersiverse/auth-contract'
import type { Principal } from './principal.ts'
import type { VerifyOptions } from './verify.ts'

/** What one verification may ask beyond {@link VerifyOptions}; with `remote` verification all of it holds anyway. */
export interface VerifyTokenOptions extends VerifyOptions {
  /** The `revocation` that a revoking call returned: refused by this verification, wherever the stream has got to. */
  readonly atLeast?: RevocationMark
  /** How old the view of revocations may be for this call, in milliseconds. */
  readonly maxStalenessMs?: number
  /** When neither the view nor the service can tell: UNAVAILABLE (default), or judge by the view as it was; counted and logged. */
  readonly onUnavailable?: 'refuse' | 'allowStale'
}

/** As `Verify`, remote or local. */
export type VerifyToken = (token: string, options?: VerifyTokenOptions) => Promise<Principal>

import type { ErrorReasonName } from '@immersiverse/auth-contract'
import { AuthError, type AuthErrorDetails } from '../domain/errors.ts'

/** A refusal that only HTTP knows: its reason is the contract's, its status and headers are HTTP's own, such as 405 with `Allow`. */
export class HttpRefusal extends AuthError {
  readonly httpStatus: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    reason: ErrorReasonName,
    http: { readonly status: number; readonly headers?: Readonly<Record<string, string>> },
    details: AuthErrorDetails = {},
  ) {
    super(reason, details)
    this.httpStatus = http.status
    this.headers = http.headers ?? {}
  }
}

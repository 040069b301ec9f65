/**
 * Why a platform did not do what was asked. REFUSED: the code, the grant or the person's consent does not hold (any more), and asking again changes nothing.
 * UNAVAILABLE: it cannot be reached or answers nonsense. MISCONFIGURED: it does not know us; the grant is as good as before.
 */
export type PlatformFault = 'REFUSED' | 'UNAVAILABLE' | 'MISCONFIGURED'

/** A platform's refusal or failure. The message holds no token and is for the log. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
  readonly fault: PlatformFault
  /** When to try again, where that is known. */
  readonly retryAfterMs: number | undefined

  constructor(
    fault: PlatformFault,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause })
    this.fault = fault
    this.retryAfterMs = options.retryAfterMs
  }
}

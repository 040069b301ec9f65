import { AuthError } from '../domain/errors.ts'
import { PlatformError } from '../platforms/platform-error.ts'

const retryAfterMs = 5_000

/** What a caller is told of a platform's fault: a refusal is theirs to mend, anything else passes. What is no PlatformError stays as it is. */
export function toPlatformRefusal(error: unknown): unknown {
  if (!(error instanceof PlatformError)) return error
  if (error.fault === 'REFUSED') return new AuthError('PLATFORM_REFUSED', { cause: error })
  return new AuthError('PLATFORM_UNAVAILABLE', {
    cause: error,
    retryAfterMs: error.retryAfterMs ?? retryAfterMs,
  })
}

/** Runs a call to a platform. Throws AuthError PLATFORM_REFUSED or PLATFORM_UNAVAILABLE. */
export async function withPlatformRefusals<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw toPlatformRefusal(error)
  }
}

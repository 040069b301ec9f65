import { AuthError } from '../../../services/auth/src/domain/errors.ts'
import { type Validation, validateToken } from '../../../services/auth/src/use-cases/validate-token.ts'
import type { AuthProcess } from '../world/open-auth-process.ts'
import type { History } from './history.ts'
import { judgeRefusal } from './judge-refusal.ts'

/** Serves ValidateToken in an instance, and holds its answer against R2, R7 and R8. Rejects as it does. */
export async function validateRecorded(
  history: History,
  auth: AuthProcess,
  text: string,
): Promise<Validation> {
  const startMs = history.time.nowMs
  const token = history.tokenByText.get(text)
  const wasRevokedMs = token?.revokedMs
  history.counts.validations++
  try {
    const validation = await validateToken(auth.deps, { accessToken: text, audience: '', requiredRoles: [] })
    if (token === undefined) return validation
    const { reason } = validation
    if (
      reason === undefined &&
      wasRevokedMs !== undefined &&
      wasRevokedMs < startMs &&
      token.revokedMs !== undefined
    ) {
      const sinceMs = (startMs - wasRevokedMs).toFixed(1)
      history.violate('R2', `${auth.process.name} validates ${sinceMs} ms after ${token.revokedBy}`)
    }
    if (reason !== undefined) judgeRefusal(history, token, reason, 'ValidateToken')
    return validation
  } catch (error) {
    if (!(error instanceof AuthError && error.reason === 'DATABASE_UNAVAILABLE')) {
      history.violate('R7', `ValidateToken failed with ${String(error)}`)
    }
    throw error
  }
}

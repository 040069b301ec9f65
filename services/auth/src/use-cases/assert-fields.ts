import { AuthError, type FieldViolation } from '../domain/errors.ts'

/** Throws AuthError INVALID_FIELD with every violation at once, or returns. */
export function assertFields(...violations: readonly FieldViolation[][]): void {
  const fields = violations.flat()
  if (fields.length > 0) throw new AuthError('INVALID_FIELD', { fields })
}

import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'

/** What an AuthError says to an operator, in one line. */
export function toRefusalLine(error: AuthError): string {
  const { fields = [] } = error.details
  if (fields.length > 0) return fields.map(({ field, description }) => `${field} ${description}`).join('; ')
  const [cause] = error.cause instanceof Error ? error.cause.message.split('\n') : []
  const message =
    error.reason === 'DATABASE_UNAVAILABLE' ? 'the database does not answer' : toStatus(error).message
  return cause ? `${message}: ${cause}` : message
}

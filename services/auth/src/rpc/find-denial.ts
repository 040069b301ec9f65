import { status } from '@grpc/grpc-js'
import type { ErrorReasonName } from '@immersiverse/auth-contract'
import type { AuditEntry } from '../domain/audit.ts'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from './errors.ts'

const denied: ReadonlySet<status> = new Set([status.PERMISSION_DENIED, status.UNAUTHENTICATED])

/** What use-cases write down themselves, in the transaction that finds it. */
const recorded: ReadonlySet<ErrorReasonName> = new Set(['INVALID_CREDENTIALS', 'USER_SUSPENDED'])

/** What the audit trail is to tell of a call that ended with an error; undefined where the caller was allowed to make it. */
export function findDenial(method: string, error: AuthError): AuditEntry | undefined {
  if (recorded.has(error.reason) || !denied.has(toStatus(error).code)) return undefined
  const field = error.details.metadata?.field
  return {
    action: 'call.denied',
    target: { kind: 'method', id: method },
    outcome: 'DENIED',
    reason: error.reason,
    ...(error.reason === 'FIELD_NOT_ALLOWED' && field ? { changedFields: [field] } : {}),
  }
}

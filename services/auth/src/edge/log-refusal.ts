import { status } from '@grpc/grpc-js'
import type { Log } from '../deps.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import { toStatus } from '../rpc/errors.ts'
import type { EdgeCall } from './edge-call.ts'
import { toHttpStatus } from './to-http-status.ts'

const levels: Readonly<Partial<Record<status, keyof Log>>> = Object.freeze({
  [status.INTERNAL]: 'error',
  [status.UNAVAILABLE]: 'error',
  [status.PERMISSION_DENIED]: 'warn',
  [status.RESOURCE_EXHAUSTED]: 'warn',
})

/** One line for a refused call; faults of ours are errors with their cause. Never a token, a password or a value of a field. */
export function logRefusal(log: Log, call: EdgeCall, requestId: string): void {
  const { error, caller } = call
  if (error === undefined) return
  const code: status = toStatus(error).code
  const level = levels[code] ?? 'info'
  const { metadata, fields, cause } = error.details
  const facts = {
    transport: 'edge',
    method: call.method,
    code: status[code],
    reason: error.reason,
    status: toHttpStatus(error),
    caller: caller.kind,
    ip: caller.origin.ip,
    requestId,
    ...(caller.kind === 'user' ? { userId: caller.userId } : {}),
    ...(call.tokenId === undefined ? {} : { tokenId: call.tokenId }),
    ...(metadata ? { metadata } : {}),
    // Names in a malformed message are the sender's own words.
    ...(fields && error.reason === 'INVALID_FIELD' ? { fields: fields.map(({ field }) => field) } : {}),
    ...(level === 'error' ? { cause: toLogCause(cause ?? error) } : {}),
  }
  log[level](facts, level === 'error' ? 'call failed' : 'call refused')
}

import { status } from '@grpc/grpc-js'
import type { Log } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { AuthError } from '../domain/errors.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import { toStatus } from './errors.ts'

/** One finished call, as logs and metrics want it. */
export interface FinishedCall {
  readonly method: string
  readonly caller: Caller
  readonly startMs: number
  readonly error?: AuthError
}

/** Told of every call that ends. */
export type OnFinished = (call: FinishedCall) => void

const faults: ReadonlySet<status> = new Set([status.INTERNAL, status.UNAVAILABLE])

/** One line for a refused call: the reason and who called, with the cause of a fault of ours; never a token or a password. */
export function logRefusal(log: Log, { method, caller, error }: FinishedCall): void {
  if (error === undefined) return
  const { code } = toStatus(error)
  const facts = {
    method,
    reason: error.reason,
    code: status[code],
    caller: caller.kind === 'service' ? caller.id : caller.kind,
    ip: caller.origin.ip,
    ...(error.details.metadata ? { metadata: error.details.metadata } : {}),
    ...(error.details.fields && error.reason === 'INVALID_FIELD'
      ? { fields: error.details.fields.map(({ field }) => field) }
      : {}),
  }
  if (faults.has(code))
    log.error({ ...facts, cause: toLogCause(error.details.cause ?? error) }, 'call failed')
  else log.info(facts, 'call refused')
}

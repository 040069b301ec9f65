import { status } from '@grpc/grpc-js'
import type { AuthError } from '../domain/errors.ts'
import { toStatus } from '../rpc/errors.ts'
import { HttpRefusal } from './http-refusal.ts'

/** `google/rpc/code.proto`, "HTTP Mapping" of each code. */
const statuses: Readonly<Record<status, number>> = Object.freeze({
  [status.OK]: 200,
  [status.CANCELLED]: 499,
  [status.UNKNOWN]: 500,
  [status.INVALID_ARGUMENT]: 400,
  [status.DEADLINE_EXCEEDED]: 504,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.FAILED_PRECONDITION]: 400,
  [status.ABORTED]: 409,
  [status.OUT_OF_RANGE]: 400,
  [status.UNIMPLEMENTED]: 501,
  [status.INTERNAL]: 500,
  [status.UNAVAILABLE]: 503,
  [status.DATA_LOSS]: 500,
  [status.UNAUTHENTICATED]: 401,
})

/** The HTTP status of an error: that of its gRPC code, but 413 for a message that is too large (RFC 9110 §15.5.14). */
export function toHttpStatus(error: AuthError): number {
  if (error instanceof HttpRefusal) return error.httpStatus
  if (error.reason === 'MESSAGE_TOO_LARGE') return 413
  return statuses[toStatus(error).code as status]
}

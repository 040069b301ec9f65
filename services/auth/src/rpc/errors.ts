import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack, durationFromMs } from '@bufbuild/protobuf/wkt'
import { Metadata, type ServerErrorResponse, status } from '@grpc/grpc-js'
import {
  BadRequestSchema,
  ErrorInfoSchema,
  type ErrorReasonName,
  errorDomain,
  RetryInfoSchema,
  type Status,
  StatusSchema,
} from '@immersiverse/auth-contract'
import { AuthError } from '../domain/errors.ts'

/** Status and fixed text of every reason (contract §3). The text is for people and never holds input or internals. */
const reasons: Readonly<Record<ErrorReasonName, { readonly code: status; readonly message: string }>> =
  Object.freeze({
    UNSPECIFIED: { code: status.INTERNAL, message: 'internal error' },
    INVALID_FIELD: { code: status.INVALID_ARGUMENT, message: 'a field of the request is not valid' },
    MALFORMED_MESSAGE: { code: status.INVALID_ARGUMENT, message: 'the request cannot be decoded' },
    MESSAGE_TOO_LARGE: { code: status.RESOURCE_EXHAUSTED, message: 'the request is too large' },
    INVALID_CREDENTIALS: { code: status.UNAUTHENTICATED, message: 'wrong identifier or password' },
    INVALID_REFRESH_TOKEN: {
      code: status.UNAUTHENTICATED,
      message: 'the refresh token is not valid: log in again',
    },
    INVALID_ACCESS_TOKEN: { code: status.UNAUTHENTICATED, message: 'the access token is not valid' },
    MISSING_ACCESS_TOKEN: { code: status.UNAUTHENTICATED, message: 'a bearer access token is needed' },
    NOT_SELF: { code: status.PERMISSION_DENIED, message: 'the token belongs to another user' },
    FIELD_NOT_ALLOWED: { code: status.PERMISSION_DENIED, message: 'this caller may not set that field' },
    USER_SUSPENDED: { code: status.PERMISSION_DENIED, message: 'the account is suspended' },
    USER_NOT_FOUND: { code: status.NOT_FOUND, message: 'there is no such user' },
    USERNAME_TAKEN: { code: status.ALREADY_EXISTS, message: 'the username is taken' },
    EMAIL_TAKEN: { code: status.ALREADY_EXISTS, message: 'the e-mail address is taken' },
    REQUEST_ID_REUSED: {
      code: status.FAILED_PRECONDITION,
      message: 'the request_id was used for another request',
    },
    VERSION_MISMATCH: { code: status.ABORTED, message: 'the user is at another version: read it again' },
    VERSION_NOT_REACHED: { code: status.FAILED_PRECONDITION, message: 'the user is at an older version' },
    HASHING_BUSY: { code: status.RESOURCE_EXHAUSTED, message: 'too many passwords are being checked' },
    DATABASE_UNAVAILABLE: { code: status.UNAVAILABLE, message: 'the service cannot answer now: try again' },
    SHUTTING_DOWN: { code: status.UNAVAILABLE, message: 'this instance is stopping: try again' },
    ROUTE_NOT_FOUND: { code: status.NOT_FOUND, message: 'there is no such path or method' },
    MISSING_ROLE: { code: status.PERMISSION_DENIED, message: 'the token lacks a role' },
    AUTH_UNAVAILABLE: { code: status.UNAVAILABLE, message: 'whether the token is valid cannot be known now' },
    SESSION_NOT_FOUND: { code: status.NOT_FOUND, message: 'the user has no such session' },
    REVOCATIONS_NOT_KEPT: {
      code: status.OUT_OF_RANGE,
      message: 'revocations cannot be sent from there on: read the snapshot again',
    },
    EVENTS_NOT_KEPT: {
      code: status.OUT_OF_RANGE,
      message: 'events behind this position are no longer kept: begin with an empty one and read state anew',
    },
    CALLER_NOT_ALLOWED: {
      code: status.PERMISSION_DENIED,
      message: 'the calling service may not call this method',
    },
    CALLER_LIMITED: { code: status.RESOURCE_EXHAUSTED, message: 'the calling service calls too often' },
    CALLER_NOT_AUTHENTICATED: {
      code: status.UNAUTHENTICATED,
      message: 'the calling service has not proved who it is',
    },
    TOO_MANY_LOGINS: {
      code: status.RESOURCE_EXHAUSTED,
      message: 'too many failed attempts: try again later',
    },
    TOO_MANY_SIGN_UPS: {
      code: status.RESOURCE_EXHAUSTED,
      message: 'too many accounts were made from this address: try again later',
    },
    TOO_MANY_REFRESHES: {
      code: status.RESOURCE_EXHAUSTED,
      message: 'too many refresh tokens from this address were not valid: try again later',
    },
    UNSUPPORTED_CALL: {
      code: status.UNIMPLEMENTED,
      message: 'there is no such method, or the message is compressed',
    },
    TOO_MANY_CALLS: {
      code: status.RESOURCE_EXHAUSTED,
      message: 'this instance has as many calls as it can hold: try again',
    },
    CROSS_SITE_REQUEST: {
      code: status.PERMISSION_DENIED,
      message: 'this origin may not use the cookie of a session',
    },
    PLATFORM_NOT_ENABLED: { code: status.NOT_FOUND, message: 'there is no such platform here' },
    PLATFORM_STATE_INVALID: {
      code: status.FAILED_PRECONDITION,
      message: 'the connection was not begun, is too old or is used: begin again',
    },
    PLATFORM_REFUSED: { code: status.FAILED_PRECONDITION, message: 'the platform refused: begin again' },
    PLATFORM_ACCOUNT_TAKEN: {
      code: status.ALREADY_EXISTS,
      message: 'another user has connected this account',
    },
    PLATFORM_ACCOUNT_NOT_FOUND: { code: status.NOT_FOUND, message: 'there is no such connected account' },
    PLATFORM_GRANT_WITHDRAWN: {
      code: status.FAILED_PRECONDITION,
      message: 'the platform does not allow it any more: the user has to connect the account again',
    },
    PLATFORM_UNAVAILABLE: { code: status.UNAVAILABLE, message: 'the platform cannot answer now: try again' },
    TOO_MANY_PLATFORM_FLOWS: {
      code: status.RESOURCE_EXHAUSTED,
      message: 'too many connections and logins were begun from this address: try again later',
    },
    PLATFORM_ACCOUNT_NOT_LINKED: { code: status.NOT_FOUND, message: 'no user has connected this account' },
    INTERNAL: { code: status.INTERNAL, message: 'internal error' },
  })

/** Any thrown value as an AuthError: what is not one is INTERNAL, with the value as its cause for the log. */
export function toAuthError(error: unknown): AuthError {
  return error instanceof AuthError ? error : new AuthError('INTERNAL', { cause: error })
}

/** The error as `google.rpc.Status` with `ErrorInfo`, and `BadRequest` and `RetryInfo` where they say something (AIP-193). */
export function toStatus(error: AuthError): Status {
  const { code, message } = reasons[error.reason]
  const { fields, metadata, retryAfterMs } = error.details
  const info = create(ErrorInfoSchema, {
    domain: errorDomain,
    reason: error.reason,
    metadata: { ...metadata },
  })
  const details = [anyPack(ErrorInfoSchema, info)]
  if (fields !== undefined) {
    const fieldViolations = fields.map(({ field, description }) => ({ field, description }))
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })))
  }
  if (retryAfterMs !== undefined) {
    // Whole milliseconds: a fraction is no google.protobuf.Duration, and the caller would never get an answer.
    const retryDelay = durationFromMs(Math.ceil(retryAfterMs))
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })))
  }
  return create(StatusSchema, { code, message, details })
}

/** The error as grpc-js sends it: code, text, and the whole status in `grpc-status-details-bin`. */
export function toGrpcError(error: AuthError): ServerErrorResponse {
  const rpcStatus = toStatus(error)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, rpcStatus)))
  return Object.assign(new Error(rpcStatus.message), {
    code: rpcStatus.code,
    details: rpcStatus.message,
    metadata,
  })
}

import type { ErrorReason } from './gen/auth/v1/error_reason_pb.js'

/** `ErrorInfo.domain` of every error of this service (AIP-193). */
export const errorDomain = 'auth.immersiverse'

/** A reason as `ErrorInfo.reason` carries it, without the enum's prefix, such as `INVALID_CREDENTIALS`. */
export type ErrorReasonName = keyof typeof ErrorReason

import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import { ErrorInfoSchema, errorDomain, StatusSchema } from '@immersiverse/auth-contract'
import type { AuthError } from '../auth-error.ts'
import { toErrorInfo } from '../to-error-info.ts'

/**
 * The gRPC status that answers a refused call: code, a text without secrets, and in `grpc-status-details-bin` a `google.rpc.Status` with
 * ErrorInfo (AIP-193).
 */
export function toGrpcStatus(error: AuthError): StatusObject {
  const code = status[error.code]
  const info = create(ErrorInfoSchema, { domain: errorDomain, ...toErrorInfo(error) })
  const details = create(StatusSchema, {
    code,
    message: error.message,
    details: [anyPack(ErrorInfoSchema, info)],
  })
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, details)))
  return { code, details: error.message, metadata }
}

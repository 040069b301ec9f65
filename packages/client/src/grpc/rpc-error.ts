import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { type ServiceError, status } from '@grpc/grpc-js'
import { ErrorInfoSchema, errorDomain, StatusSchema } from '@immersiverse/auth-contract'

/** A gRPC status by name, such as `NOT_FOUND`. */
export type StatusName = Exclude<keyof typeof status, 'OK'>

/** A call that the service refused or that did not reach it. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: StatusName
  /** `ErrorInfo.reason` of `error_reason.proto`, such as `USER_NOT_FOUND`; undefined where the service did not answer. */
  readonly reason: string | undefined

  constructor(code: StatusName, reason: string | undefined, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.reason = reason
  }
}

/** Reads what grpc-js reports about a failed call; never throws, whatever a server put into the details. */
export function toRpcError(error: ServiceError): RpcError {
  const code = (status[error.code] ?? 'UNKNOWN') as StatusName
  return new RpcError(code, findReason(error), `${code}: ${error.details}`, { cause: error })
}

function findReason(error: ServiceError): string | undefined {
  try {
    const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? []
    if (!(bytes instanceof Uint8Array)) return undefined
    for (const detail of fromBinary(StatusSchema, bytes).details) {
      const info = anyUnpack(detail, ErrorInfoSchema)
      if (info?.domain === errorDomain) return info.reason
    }
  } catch {
    // Details are an extra: the status alone is the answer.
  }
  return undefined
}

import type { ServiceError } from '@grpc/grpc-js'

/** Whether an error is one that grpc-js reports for a call. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}

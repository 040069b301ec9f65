import assert from 'node:assert/strict'
import { fromBinary } from '@bufbuild/protobuf'
import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { RpcError, type StatusName } from '@immersiverse/auth-client/grpc'
import {
  BadRequestSchema,
  ErrorInfoSchema,
  type ErrorReasonName,
  errorDomain,
  RetryInfoSchema,
  StatusSchema,
} from '@immersiverse/auth-contract'

/** Everything that a refused call tells. */
export interface Refusal {
  readonly code: StatusName
  readonly message: string
  readonly reason: string
  readonly domain: string
  readonly metadata: Readonly<Record<string, string>>
  /** Names of the fields in `BadRequest`. */
  readonly fields: readonly string[]
  /** `RetryInfo`, where there is one. */
  readonly retryMs: number | undefined
  /** `grpc-status-details-bin` as it came. */
  readonly bytes: string
}

/** Reads a refused call's status and its details; throws where it has none of ours. */
export function readRefusal(error: ServiceError): Refusal {
  const metadata = error.metadata instanceof Metadata ? error.metadata : new Metadata()
  const [bytes] = metadata.get('grpc-status-details-bin')
  const code = status[error.code] as StatusName
  if (!(bytes instanceof Buffer)) throw new Error(`${code}: ${error.details} carries no details`)
  const rpcStatus = fromBinary(StatusSchema, bytes)
  assert.equal(rpcStatus.code, error.code, 'the status in the details is another')
  assert.equal(rpcStatus.message, error.details)
  const [first, ...rest] = rpcStatus.details
  const info = first && anyUnpack(first, ErrorInfoSchema)
  if (info === undefined) throw new Error(`${code}: ${error.details} carries no ErrorInfo`)
  const violations = rest.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? [])
  for (const { description } of violations) assert.notEqual(description, '')
  const [retry] = rest.flatMap((detail) => anyUnpack(detail, RetryInfoSchema) ?? [])
  return {
    code,
    message: error.details,
    reason: info.reason,
    domain: info.domain,
    metadata: info.metadata,
    fields: violations.map(({ field }) => field),
    retryMs: retry?.retryDelay && durationMs(retry.retryDelay),
    bytes: bytes.toString('hex'),
  }
}

/** Waits for a call that must be refused, and reads how. */
export async function getRefusal(call: Promise<unknown>): Promise<Refusal> {
  const [outcome] = await Promise.allSettled([call])
  if (outcome.status === 'fulfilled') assert.fail('the call was answered OK')
  if (!(outcome.reason instanceof RpcError)) throw outcome.reason
  return readRefusal(outcome.reason.cause as ServiceError)
}

/** Asserts that a call is refused with this status and reason, and returns the whole refusal. */
export async function assertRefused(
  call: Promise<unknown>,
  code: StatusName,
  reason: ErrorReasonName,
  fields: readonly string[] = [],
): Promise<Refusal> {
  const refusal = await getRefusal(call)
  const { domain } = refusal
  assert.deepEqual(
    { code: refusal.code, reason: refusal.reason, domain, fields: refusal.fields },
    { code, reason, domain: errorDomain, fields },
  )
  return refusal
}

import type { Metadata } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import type { Caller, Origin } from '../domain/caller.ts'

const controls = /[\p{Cc}\p{Cf}]/gu
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The part of a call that is read. */
export interface CallFacts {
  readonly metadata: Metadata
  /** Whether its deadline has passed or whoever called has gone. */
  readonly cancelled: boolean
}

/**
 * Who is behind a gRPC call: the service that the transport has proved, or nobody known where it has proved none. Nothing in the metadata
 * says who it is: `id` and `ip` are the transport's.
 */
export function toGrpcCaller(call: CallFacts, id: string | undefined, ip: string): Caller {
  const { metadata } = call
  const trace = toText(metadata, 'traceparent')
  const origin: Origin = {
    ip,
    userAgent: toText(metadata, 'user-agent').replace(controls, '').slice(0, bounds.userAgentMax),
    isAbandoned: () => call.cancelled,
    ...(traceparent.test(trace) ? { traceparent: trace } : {}),
  }
  return id === undefined ? { kind: 'anonymous', origin } : { kind: 'service', id, origin }
}

function toText(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : ''
}

import type { Metadata } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import type { Caller } from '../domain/caller.ts'

const controls = /[\p{Cc}\p{Cf}]/gu
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The part of a call that is read. */
export interface CallFacts {
  readonly metadata: Metadata
  /** Whether its deadline has passed or whoever called has gone. */
  readonly cancelled: boolean
}

/** The service behind a gRPC call. Nothing in the metadata says who it is: `id` and `ip` are the transport's to prove. */
export function toServiceCaller(call: CallFacts, id: string, ip: string): Caller {
  const { metadata } = call
  const trace = toText(metadata, 'traceparent')
  return {
    kind: 'service',
    id,
    origin: {
      ip,
      userAgent: toText(metadata, 'user-agent').replace(controls, '').slice(0, bounds.userAgentMax),
      isAbandoned: () => call.cancelled,
      ...(traceparent.test(trace) ? { traceparent: trace } : {}),
    },
  }
}

function toText(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : ''
}

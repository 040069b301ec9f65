import type { Metadata } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import type { Caller } from '../domain/caller.ts'

const controls = /[\p{Cc}\p{Cf}]/gu
const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The service behind a gRPC call. Nothing in the metadata says who it is: that is the transport's to prove. */
export function toServiceCaller(call: {
  readonly metadata: Metadata
  readonly cancelled: boolean
  getPeer(): string
}): Caller {
  const trace = toText(call.metadata, 'traceparent')
  return {
    kind: 'service',
    id: 'loopback',
    origin: {
      ip: toAddress(call.getPeer()),
      userAgent: toText(call.metadata, 'user-agent').replace(controls, '').slice(0, bounds.userAgentMax),
      isAbandoned: () => call.cancelled,
      ...(traceparent.test(trace) ? { traceparent: trace } : {}),
    },
  }
}

function toText(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : ''
}

/** `127.0.0.1:50612` or `[::1]:50612` without the port. */
function toAddress(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

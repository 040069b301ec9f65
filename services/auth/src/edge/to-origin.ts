import type { IncomingMessage } from 'node:http'
import { bounds } from '@immersiverse/auth-contract'
import type { Origin } from '../domain/caller.ts'

const controls = /[\p{Cc}\p{Cf}]/gu
/** Version 00 (W3C Trace Context §3.2.2); ids of zeros only are invalid. */
const traceparent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Where an HTTP call came from: the socket's address (no proxy is trusted) and what the headers say, cleaned. */
export function toOrigin({ socket, headers }: Pick<IncomingMessage, 'headers'> & PeerSocket): Origin {
  const trace = headers.traceparent
  return {
    // An IPv4 peer of a dual-stack listener is the same peer.
    ip: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, ''),
    userAgent: (headers['user-agent'] ?? '').replace(controls, '').slice(0, bounds.userAgentMax),
    ...(typeof trace === 'string' && traceparent.test(trace) ? { traceparent: trace } : {}),
  }
}

interface PeerSocket {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

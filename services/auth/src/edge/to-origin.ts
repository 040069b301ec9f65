import type { IncomingMessage } from 'node:http'
import { bounds } from '@immersiverse/auth-contract'
import type { Origin } from '../domain/caller.ts'
import type { TrustedProxies } from '../domain/trusted-proxies.ts'

const controls = /[\p{Cc}\p{Cf}]/gu
/** Version 00 (W3C Trace Context §3.2.2); ids of zeros only are invalid. */
const traceparent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Where an HTTP call came from, behind the proxies that are trusted, and what the headers say, cleaned. */
export function toOrigin(
  { socket, headers }: Pick<IncomingMessage, 'headers'> & PeerSocket,
  proxies: TrustedProxies,
): Origin {
  const trace = headers.traceparent
  return {
    ip: proxies.findClient(socket.remoteAddress ?? '', toText(headers['x-forwarded-for'])),
    userAgent: (headers['user-agent'] ?? '').replace(controls, '').slice(0, bounds.userAgentMax),
    ...(typeof trace === 'string' && traceparent.test(trace) ? { traceparent: trace } : {}),
  }
}

/** Node joins several of this header. */
function toText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}

interface PeerSocket {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

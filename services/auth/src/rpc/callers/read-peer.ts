import type { X509Certificate } from 'node:crypto'
import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { readJudgedMs } from './tls-credentials.ts'

/** What a peer has shown in its handshake. */
export interface PeerCertificate {
  readonly leaf: X509Certificate
  /** TLS has accepted its chain, by the authorities of the time. */
  readonly isVerified: boolean
  /** From when those were, at the earliest, in ms of the monotonic clock. */
  readonly judgedMs: number
}

/** The other end of a connection, as far as the transport proves it. */
export interface Peer {
  /** Its address, empty where the connection is gone. */
  readonly ip: string
  /** Undefined without TLS and where it has shown none. */
  readonly certificate: PeerCertificate | undefined
}

/** Reads who is at the other end of a connection. */
export function readPeer(session: ServerHttp2Session | undefined): Peer {
  const ip = session?.socket?.remoteAddress ?? ''
  if (session?.encrypted !== true) return { ip, certificate: undefined }
  const socket = session.socket as TLSSocket
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return { ip, certificate: undefined }
  return { ip, certificate: { leaf, isVerified: socket.authorized, judgedMs: readJudgedMs(socket) } }
}

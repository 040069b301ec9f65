import type { ServerHttp2Session } from 'node:http2'
import type { Peer } from './peer.ts'
import type { TransportRefusal } from './transport-limits.ts'

/** What frames outside of calls may cost a peer. */
export interface SessionGuard {
  readonly nowMs: () => number
  /** Called at the first SETTINGS frame, which ends the preface (RFC 9113 §3.4). */
  onHandshaken(): void
  /** Called when the peer has gone too far. */
  onAbuse(refusal: TransportRefusal): void
}

/**
 * Counts PING and SETTINGS frames of a session: each is answered, and costs the peer less than us. nghttp2 itself counts header blocks
 * in too many pieces, answers that nobody reads, and resets in the long run.
 */
export function guardSession(session: ServerHttp2Session, peer: Peer, guard: SessionGuard): void {
  peer.session = session
  session.once('remoteSettings', () => guard.onHandshaken())
  session.on('remoteSettings', () => {
    if (!peer.settings.take(guard.nowMs())) guard.onAbuse('settings-flood')
  })
  session.on('ping', () => {
    if (!peer.pings.take(guard.nowMs())) guard.onAbuse('ping-flood')
  })
}

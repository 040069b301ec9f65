import type { RawPeer, RawPeerOptions } from '../wire/open-raw-peer.ts'

/** Where the service listens. */
export interface Target {
  readonly grpcPort: number
  readonly edgePort: number
}

/** What an attack has come to. */
export interface AttackTally {
  /** Connections that were open at some time. */
  opened: number
  /** Those that the service has closed. */
  closed: number
  /** Bytes, frames or calls that were sent: enough to see that it was an attack. */
  sent: number
}

/** What an attack works with. */
export interface AttackContext {
  readonly target: Target
  readonly signal: AbortSignal
  readonly tally: AttackTally
  /** A raw HTTP/2 connection that is counted, and closed at the end of the attack. */
  connect(options?: Partial<Omit<RawPeerOptions, 'port'>>): Promise<RawPeer>
  /** The same without HTTP/2, to the edge. */
  connectEdge(from?: string): Promise<RawPeer>
  pause(ms: number): Promise<void>
}

/** Something that a hostile client does until it is told to stop. */
export interface Attack {
  readonly name: string
  /** In one line, for the report. */
  readonly what: string
  /**
   * What the short form expects of it: its connections are closed, or, where it closes them itself, the service refuses some, or they stay
   * and are only bounded.
   */
  readonly ends: 'closed' | 'refused' | 'bounded'
  run(context: AttackContext): Promise<void>
}

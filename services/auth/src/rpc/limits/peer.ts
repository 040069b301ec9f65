import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Allowance } from './make-allowance.ts'

/** One accepted connection and what it has done so far. */
export interface Peer {
  readonly socket: Socket
  /** As logs have it. */
  readonly address: string
  /** As limits count it: `toPeerKey`. */
  readonly key: string
  /** Once there is one: after TLS. */
  session: ServerHttp2Session | undefined
  /** Streams that are open now. */
  openStreams: number
  /** When it was accepted, or its last call ended. */
  lastUsedMs: number
  readonly pings: Allowance
  readonly settings: Allowance
  readonly rapidResets: Allowance
  /** Calls that could not be served whoever asked. */
  readonly faults: Allowance
}

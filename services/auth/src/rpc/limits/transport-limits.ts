/** So many new connections of an address in a time. */
export interface ConnectionRate {
  readonly count: number
  readonly windowMs: number
}

/** What the gRPC listener takes of its peers. grpc-js has no limit but on messages; each of these is set here. */
export interface GrpcLimits {
  /** Connections at a time, in all. Beyond it the one that was unused longest gives way, and where all are in use the new one is refused. */
  readonly maxConnections: number
  /** Connections at a time from one address, or from one /64 of IPv6. */
  readonly maxConnectionsPerAddress: number
  /** New connections from one address, refused before TLS; undefined: however many. */
  readonly connectionRate: ConnectionRate | undefined
  /** Calls at a time on one connection: SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2). */
  readonly maxStreams: number
  /** Unary calls at a time over all connections. */
  readonly maxCalls: number
  /** Bytes of a call's metadata, counted as SETTINGS_MAX_HEADER_LIST_SIZE does. */
  readonly maxHeaderBytes: number
  /** From the TCP connection to the end of TLS and of the HTTP/2 preface. */
  readonly handshakeTimeoutMs: number
  /** After so long without a call a connection is closed in order. */
  readonly idleMs: number
  /** After so long, give or take a tenth, the peer is told to open another connection; calls that still run are cut after the grace. */
  readonly maxAgeMs: number
  readonly maxAgeGraceMs: number
  /** A peer that says nothing is asked for a sign of life so often, and is gone when none comes in time. */
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  /** For unary calls without a deadline, and for those with one further away than the cap. */
  readonly defaultDeadlineMs: number
  readonly maxDeadlineMs: number
}

/** Limits of one HTTP/1.1 listener. */
export interface HttpLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** New connections from one address that is no trusted proxy's; undefined: however many. */
  readonly connectionRate: ConnectionRate | undefined
  /** Bytes of the request line and all headers. */
  readonly maxHeaderBytes: number
  /** From the connection, or the end of the request before, to the end of the headers. */
  readonly headersTimeoutMs: number
  /** From there to the end of the body as well. */
  readonly requestTimeoutMs: number
  /** For a connection between two requests. */
  readonly keepAliveMs: number
  readonly maxRequestsPerConnection: number
}

/** What happened to a connection or a call that the transport refused. */
export type TransportRefusal =
  | 'connections'
  | 'connections-per-address'
  | 'connection-rate'
  | 'address-on-hold'
  | 'handshake-timeout'
  | 'rapid-reset'
  | 'ping-flood'
  | 'settings-flood'
  | 'refused-calls'
  | 'stalled-call'

/** Told of every such refusal. */
export type OnRefused = (refusal: TransportRefusal, address: string) => void

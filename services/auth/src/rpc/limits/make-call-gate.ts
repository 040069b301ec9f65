import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { bounds } from '@immersiverse/auth-contract'
import { AuthError } from '../../domain/errors.ts'
import { capDeadline } from './cap-deadline.ts'
import type { Peer } from './peer.ts'
import { respondWithRefusal } from './respond-with-refusal.ts'
import type { GrpcLimits, TransportRefusal } from './transport-limits.ts'

/** grpc-js's own handling of a stream. */
export type ServeStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void

/** What stands between HTTP/2 and grpc-js. */
export interface CallGateOptions {
  readonly limits: GrpcLimits
  /** Paths that are served, and whether each takes one message and gives one. */
  readonly methods: ReadonlyMap<string, { readonly isUnary: boolean }>
  readonly nowMs: () => number
  onAbuse(peer: Peer, refusal: TransportRefusal): void
  /** Told of a call that is refused before it is one; `method` is undefined where there is none of that path. */
  onCallRefused(peer: Peer, method: string | undefined, error: AuthError): void
  /** Told of a call that is cut because its peer neither sends nor reads. */
  onStalled(peer: Peer): void
}

/**
 * Decides which streams become calls. Where there are as many as there may be, a call that does no work, because its request has not come or
 * its answer is not taken, gives way, if its address has more calls than the one that asks.
 */
export interface CallGate {
  /** Unary calls that are open. */
  readonly openCalls: number
  admit(peer: Peer, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean
  /** Cuts calls that are open still although their deadline has passed: their answer is not read. To be called about once a second. */
  sweep(): void
}

interface OpenCall {
  readonly stream: ServerHttp2Stream
  readonly peer: Peer
  readonly deadlineMs: number
}

/** A stream that is reset so soon after its opening has cost us a call and its peer nothing (CVE-2023-44487). */
const rapidMs = 100
/** For the answer that says so, after a deadline. */
const answerMs = 1_000
const retryAfterMs = 1_000

/** Makes the gate of one listener. */
export function makeCallGate(options: CallGateOptions): CallGate {
  const { limits, methods, nowMs } = options
  const open = new Set<OpenCall>()
  const byAddress = new Map<string, Set<OpenCall>>()
  const begin = (call: OpenCall) => {
    const { stream, peer } = call
    const ofAddress = byAddress.get(peer.key) ?? new Set()
    byAddress.set(peer.key, ofAddress.add(call))
    open.add(call)
    stream.once('close', () => {
      open.delete(call)
      ofAddress.delete(call)
      if (ofAddress.size === 0 && byAddress.get(peer.key) === ofAddress) byAddress.delete(peer.key)
    })
  }
  const hasRoom = ({ key }: Peer) => {
    if (open.size < limits.maxCalls) return true
    const ofAddress = [...byAddress.values()].reduce((most, calls) => (calls.size > most.size ? calls : most))
    if (ofAddress.size <= (byAddress.get(key)?.size ?? 0)) return false
    const idle = [...ofAddress].find(isIdle)
    if (idle === undefined) return false
    cut(idle, options)
    return true
  }
  return {
    get openCalls() {
      return open.size
    },
    admit(peer, stream, headers) {
      watchStream(peer, stream, options)
      const method = methods.get(headers[':path'] ?? '')
      const deadlineMs = capDeadline(headers, limits)
      const refuse = (error: AuthError) => {
        options.onCallRefused(peer, method && headers[':path']?.slice(1), error)
        respondWithRefusal(stream, error, { 'grpc-accept-encoding': 'identity' })
        return false
      }
      const fault = findFault(method, headers, deadlineMs)
      if (fault !== undefined) {
        if (!peer.faults.take(nowMs())) options.onAbuse(peer, 'refused-calls')
        return refuse(fault)
      }
      if (!method?.isUnary || deadlineMs === undefined) return true
      if (!hasRoom(peer)) return refuse(new AuthError('TOO_MANY_CALLS', { retryAfterMs }))
      headers['grpc-timeout'] = `${deadlineMs}m`
      begin({ stream, peer, deadlineMs: nowMs() + deadlineMs })
      limitBody(stream, bounds.messageBytes, refuse)
      return true
    },
    sweep() {
      const pastMs = nowMs() - answerMs
      for (const call of open) if (call.deadlineMs <= pastMs && !call.stream.closed) cut(call, options)
    },
  }
}

/** Its request has not come to its end, or its answer has been given. */
function isIdle({ stream }: OpenCall): boolean {
  return !stream.closed && (!stream.readableEnded || stream.headersSent)
}

/** Ends a call that does no work: its request has not come, or its answer is not taken. */
function cut({ stream, peer }: OpenCall, { onStalled }: CallGateOptions): void {
  onStalled(peer)
  respondWithRefusal(stream, new AuthError('TOO_MANY_CALLS', { retryAfterMs }))
  // RESOURCE_EXHAUSTED to a client that has no trailers (gRPC over HTTP/2, "HTTP2 Transport Mapping").
  if (!stream.closed) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
}

/** What the call itself does wrong. */
function findFault(
  method: object | undefined,
  headers: IncomingHttpHeaders,
  deadlineMs: number | undefined,
): AuthError | undefined {
  if (method === undefined) return new AuthError('UNSUPPORTED_CALL', { metadata: { cause: 'method' } })
  const encoding = headers['grpc-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    return new AuthError('UNSUPPORTED_CALL', { metadata: { cause: 'compression' } })
  if (deadlineMs !== undefined) return undefined
  const fields = [{ field: 'grpc-timeout', description: 'must be up to 8 digits and a unit' }]
  return new AuthError('MALFORMED_MESSAGE', { fields })
}

/** Streams of a peer, and those that it takes back at once. */
function watchStream(peer: Peer, stream: ServerHttp2Stream, { nowMs, onAbuse }: CallGateOptions): void {
  const openedMs = nowMs()
  // What becomes of a stream is seen when it closes; an error that nobody listens to would end the process.
  stream.on('error', () => undefined)
  peer.openStreams += 1
  stream.once('close', () => {
    const atMs = nowMs()
    peer.openStreams -= 1
    peer.lastUsedMs = atMs
    if (!stream.aborted || atMs - openedMs > rapidMs) peer.pings.refill()
    else if (!peer.rapidResets.take(atMs)) onAbuse(peer, 'rapid-reset')
  })
}

/** grpc-js knows one bound for all messages, that of batches; a unary request is held to its own while it comes in. */
function limitBody(stream: ServerHttp2Stream, maxBytes: number, refuse: (error: AuthError) => void): void {
  let left = maxBytes + messageHeadBytes
  const count = (chunk: Buffer) => {
    left -= chunk.length
    if (left >= 0) return
    stream.off('data', count)
    refuse(new AuthError('MESSAGE_TOO_LARGE', { metadata: { max_bytes: String(maxBytes) } }))
  }
  stream.on('data', count)
}

/** Compressed flag and length (gRPC over HTTP/2). */
const messageHeadBytes = 5

import type { Server, ServerCredentials } from '@grpc/grpc-js'
import type { AuthError } from '../../domain/errors.ts'
import { getHttp2Server } from './get-http2-server.ts'
import { guardSession } from './guard-session.ts'
import { listenOn } from './listen-on.ts'
import { type CallGateOptions, makeCallGate, type ServeStream } from './make-call-gate.ts'
import type { Peer } from './peer.ts'
import { Peers } from './peers.ts'
import type { GrpcLimits, OnRefused, TransportRefusal } from './transport-limits.ts'

/** How a gRPC server is reached, within limits. */
export interface LimitedListenerOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly limits: GrpcLimits
  readonly methods: CallGateOptions['methods']
  readonly onRefused: OnRefused
  /** Told of a call that is refused before it is one, and from where it came. */
  readonly onCallRefused: (method: string | undefined, address: string, error: AuthError) => void
}

/** The sockets of a gRPC server. */
export interface LimitedListener {
  readonly port: number
  /** What is open at the moment. */
  status(): { readonly connections: number; readonly calls: number }
  /** Takes no more connections. */
  stopAccepting(): void
  /** Cuts all that is open. */
  destroy(): void
}

const sweepMs = 1_000
/** Real time, whatever clock the service runs by: it is the patience with sockets. */
const nowMs = () => performance.now()

/**
 * Accepts connections, plain or TLS as the credentials say, counts and times them, and gives those that keep to the limits to the gRPC
 * server. Rejects with one line where the address cannot be had.
 */
export async function openLimitedListener(
  server: Server,
  credentials: ServerCredentials,
  options: LimitedListenerOptions,
): Promise<LimitedListener> {
  const peers = new Peers({ ...options, nowMs })
  const gate = makeCallGate({
    ...options,
    nowMs,
    onAbuse: (peer, refusal) => peers.punish(peer, refusal),
    onCallRefused: ({ address }, method, error) => options.onCallRefused(method, address, error),
    onStalled: ({ address }) => options.onRefused('stalled-call', address),
  })
  const injector = server.createConnectionInjector(credentials)
  const http2Server = getHttp2Server(server)
  http2Server.updateSettings({ maxHeaderListSize: options.limits.maxHeaderBytes })
  const bySession = new WeakMap<object, Peer>()
  http2Server.on('session', (session) => {
    const peer = peers.find(session.socket)
    if (peer === undefined) return session.destroy()
    bySession.set(session, peer)
    const onAbuse = (refusal: TransportRefusal) => peers.punish(peer, refusal)
    guardSession(session, peer, { nowMs, onHandshaken: () => peers.handshaken(peer), onAbuse })
  })
  const serve = http2Server.listeners('stream') as ServeStream[]
  http2Server.removeAllListeners('stream')
  http2Server.on('stream', (stream, headers, flags) => {
    const peer = stream.session && bySession.get(stream.session)
    if (peer === undefined) return stream.destroy()
    if (!gate.admit(peer, stream, headers)) return
    for (const listener of serve) listener.call(http2Server, stream, headers, flags)
  })
  const sockets = await listenOn(options.listen, (socket) => {
    if (peers.admit(socket)) injector.injectConnection(socket)
  })
  const sweep = setInterval(() => {
    gate.sweep()
    peers.forgetHolds()
  }, sweepMs).unref()
  return {
    port: sockets.port,
    status: () => ({ connections: peers.size, calls: gate.openCalls }),
    stopAccepting: () => sockets.close(),
    destroy: () => {
      clearInterval(sweep)
      peers.destroy()
    },
  }
}

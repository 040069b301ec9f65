import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where a proxy passes its connections on to. */
export interface TcpProxyOptions {
  readonly port: number
  /** `127.0.0.1` by default. */
  readonly host?: string
}

/** How a cut feels: `reset` closes what is open and what comes, `silent` keeps it open and carries nothing. */
export type CutKind = 'reset' | 'silent'

/** A way to a server that can be cut and healed. */
export interface TcpProxy extends AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  cut(kind?: CutKind): void
  /** Carries again; what waited in a silent cut arrives late, as TCP would bring it. */
  heal(): void
  close(): Promise<void>
}

/** Opens a TCP proxy on a port of 127.0.0.1 that the system picks. Connections to a dead target are reset. */
export async function openTcpProxy({ port, host = '127.0.0.1' }: TcpProxyOptions): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let state: CutKind | 'whole' = 'whole'
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (inner) => {
    if (state === 'reset') return inner.resetAndDestroy()
    const outer = connect({ port, host, allowHalfOpen: true })
    outer.pause()
    join(inner, outer, sockets)
    if (state === 'whole') resumePair(inner, outer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const close = async () => {
    reset()
    server.close()
    await once(server, 'close')
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut(kind = 'reset') {
      state = kind
      if (kind === 'reset') reset()
      else for (const socket of sockets) socket.pause()
    },
    heal() {
      state = 'whole'
      for (const socket of sockets) socket.resume()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function join(inner: Socket, outer: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (chunk) => to.write(chunk))
    from.once('end', () => to.end())
    from.on('error', () => to.destroyed || to.resetAndDestroy())
    from.once('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
}

function resumePair(inner: Socket, outer: Socket): void {
  inner.resume()
  outer.resume()
}

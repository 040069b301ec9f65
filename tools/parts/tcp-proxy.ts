import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where a proxy passes its connections on to. */
export interface TcpProxyOptions {
  readonly port: number
  /** `127.0.0.1` by default. */
  readonly host?: string
}

/**
 * How a cut feels: `reset` closes what is open and what comes, `silent` keeps it open and carries nothing, `deaf` carries what clients
 * send, and no answer.
 */
export type CutKind = 'reset' | 'silent' | 'deaf'

/** A way to a server that can be cut and healed. */
export interface TcpProxy extends AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  cut(kind?: CutKind): void
  /** Carries, but everything comes that much later, in order. */
  delay(delayMs: number): void
  /** Carries again at once; what waited in a silent or deaf cut arrives late, as TCP would bring it. */
  heal(): void
  close(): Promise<void>
}

/** Both ends of a connection that goes through the proxy. */
interface Pair {
  readonly inner: Socket
  readonly outer: Socket
}

/** What holds for all connections of a proxy at the moment. */
interface Way {
  state: CutKind | 'whole'
  delayMs: number
}

/** Opens a TCP proxy on a port of 127.0.0.1 that the system picks. Connections to a dead target are reset. */
export async function openTcpProxy({ port, host = '127.0.0.1' }: TcpProxyOptions): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  const way: Way = { state: 'whole', delayMs: 0 }
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (inner) => {
    if (way.state === 'reset') return inner.resetAndDestroy()
    const outer = connect({ port, host, allowHalfOpen: true })
    outer.pause()
    const pair = { inner, outer }
    join(pair, pairs, way)
    carry(pair, way.state)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reset = () => {
    for (const { inner, outer } of pairs) for (const socket of [inner, outer]) resetNow(socket)
  }
  const change = (state: Way['state']) => {
    way.state = state
    if (state === 'reset') reset()
    else for (const pair of pairs) carry(pair, state)
  }
  const close = async () => {
    reset()
    server.close()
    await once(server, 'close')
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: (kind = 'reset') => change(kind),
    delay: (delayMs) => {
      way.delayMs = delayMs
    },
    heal: () => {
      way.delayMs = 0
      change('whole')
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function join(pair: Pair, pairs: Set<Pair>, way: Way): void {
  const { inner, outer } = pair
  pairs.add(pair)
  for (const [from, to] of [
    [inner, outer],
    [outer, inner],
  ] as const) {
    from.setNoDelay(true)
    const later = inOrder(way)
    from.on('data', (chunk) => later(() => to.destroyed || to.write(chunk)))
    from.once('end', () => later(() => to.end()))
    from.on('error', () => to.destroyed || resetNow(to))
    from.once('close', () => {
      pairs.delete(pair)
      later(() => to.destroy())
    })
  }
}

/**
 * A reset of a socket whose end is on its way fails inside Node, which from then on takes the socket for closing, and waits for it without
 * end, on a full core, when the process is over.
 */
function resetNow(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Runs what it is given, one after the other, each no sooner than the way's delay. */
function inOrder(way: Way): (run: () => void) => void {
  const waiting: { readonly run: () => void; readonly dueMs: number }[] = []
  const runDue = () => {
    while (waiting[0] !== undefined && waiting[0].dueMs <= performance.now()) waiting.shift()?.run()
    const [next] = waiting
    if (next !== undefined) setTimeout(runDue, Math.max(1, next.dueMs - performance.now())).unref()
  }
  return (run) => {
    if (way.delayMs === 0 && waiting.length === 0) return run()
    waiting.push({ run, dueMs: performance.now() + way.delayMs })
    if (waiting.length === 1) runDue()
  }
}

function carry({ inner, outer }: Pair, state: Way['state']): void {
  if (state === 'silent') inner.pause()
  else inner.resume()
  if (state === 'whole') outer.resume()
  else outer.pause()
}

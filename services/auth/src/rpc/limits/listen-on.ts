import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** Sockets that listen. */
export interface ListeningSockets {
  /** The port in use, also where 0 was asked for; all addresses have the same. */
  readonly port: number
  /** Takes no more connections; those that are open stay. */
  close(): void
}

/** Listens on all addresses of a host, as grpc-js does: `localhost` may be two. Rejects where none can be had. */
export async function listenOn(
  { host, port }: { readonly host: string; readonly port: number },
  onConnection: (socket: Socket) => void,
): Promise<ListeningSockets> {
  const servers: Server[] = []
  const failures: NodeJS.ErrnoException[] = []
  let portInUse = port
  for (const { address } of await findAddresses(host, failures)) {
    try {
      const server = await listen(address, portInUse, onConnection)
      servers.push(server)
      const bound = server.address()
      if (typeof bound === 'object' && bound !== null) portInUse = bound.port
    } catch (error) {
      failures.push(error as NodeJS.ErrnoException)
    }
  }
  if (servers.length === 0) {
    const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    throw new Error(`cannot listen for gRPC on ${at}: ${toReason(failures[0])}`)
  }
  return {
    port: portInUse,
    close: () => {
      for (const server of servers) server.close()
    },
  }
}

async function findAddresses(host: string, failures: Error[]): Promise<{ address: string }[]> {
  try {
    return await lookup(host, { all: true })
  } catch (error) {
    failures.push(error as Error)
    return []
  }
}

async function listen(host: string, port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection)
  server.listen({ host, port })
  await once(server, 'listening')
  return server
}

function toReason(error: NodeJS.ErrnoException | undefined): string {
  if (error?.code === 'EADDRINUSE') return 'the port is in use'
  return error?.message ?? 'the host has no address'
}

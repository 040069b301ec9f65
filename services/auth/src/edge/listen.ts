import type { FastifyInstance } from 'fastify'
import type { TrustedProxies } from '../domain/trusted-proxies.ts'
import type { HttpLimits, OnRefused } from '../rpc/limits/transport-limits.ts'
import { limitConnections } from './limit-connections.ts'

/** Where to listen; port 0 takes any that is free. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What a listener takes of its peers. */
export interface ListenLimits {
  readonly limits: HttpLimits
  readonly onRefused: OnRefused
  /** Peers that open connections for others; by default nobody. */
  readonly proxies?: TrustedProxies
}

/** A listening HTTP server. */
export interface HttpListener {
  /** Such as `http://127.0.0.1:8080`, with the port in use. */
  readonly address: string
  readonly port: number
  /** How many connections are open. */
  connections(): number
  /** Takes no more connections, lets running requests finish and cuts what is left after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>
}

/** An address that cannot be listened on; the message is one line for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

const why: Readonly<Record<string, string>> = Object.freeze({
  EADDRINUSE: 'the port is in use',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
})

/**
 * Starts to listen.
 * @throws ListenError; the server is closed then.
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: ListenAddress,
  limits: ListenLimits,
): Promise<HttpListener> {
  try {
    const connections = limitConnections(app.server, limits)
    const address = await app.listen({ host, port })
    return {
      address,
      port: Number(new URL(address).port || '80'),
      connections,
      close: (ms) => closeWithin(app, ms),
    }
  } catch (cause) {
    await app.close()
    const { code } = cause as NodeJS.ErrnoException
    if (code === undefined) throw cause
    const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    throw new ListenError(`cannot listen for HTTP on ${at}: ${why[code] ?? code}`)
  }
}

/** Real time, whatever clock the service runs by: it is the patience with sockets. */
async function closeWithin(app: FastifyInstance, deadlineMs: number): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), deadlineMs)
  // Node closes the connections that are idle at once, and waits for those that become idle after an answer.
  const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
  try {
    await app.close()
  } finally {
    clearTimeout(deadline)
    clearInterval(sweep)
  }
}

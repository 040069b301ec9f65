import type { Http2Server } from 'node:http2'
import type { Server } from '@grpc/grpc-js'

/**
 * The HTTP/2 server that a grpc-js server has made for its connection injector. grpc-js keeps it to itself and offers no other way to see
 * sessions, pings or resets; its version is pinned, and a version that keeps it elsewhere fails here at the start.
 * @throws Error
 */
export function getHttp2Server(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> }
  const [found, ...others] = http2Servers instanceof Map ? http2Servers.keys() : []
  if (found === undefined || others.length > 0 || typeof found.updateSettings !== 'function') {
    throw new Error('this version of grpc-js keeps its HTTP/2 server elsewhere')
  }
  return found
}

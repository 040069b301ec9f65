import type { ServerResponse } from 'node:http'
import type { RequestScope } from '../live/make-request-scope.ts'

/**
 * Has a response that streams (Server-Sent Events, downloads, anything that is not over when its head has been written) destroyed when its
 * caller is revoked: the client sees a broken connection, never a whole answer. A response that is written in one go is left alone, so
 * the answer to a log-out is delivered. Works for `node:http` and the compatibility API of `node:http2`. Closes the scope with the response.
 */
export function endRevokedResponse(response: ServerResponse, scope: RequestScope): void {
  const writeHead = response.writeHead
  // Frameworks, `reply.raw` and implicit heads all come by here.
  response.writeHead = function (this: ServerResponse, ...head: unknown[]) {
    response.writeHead = writeHead
    const written = Reflect.apply(writeHead, response, head)
    // What is written in one go has ended by then.
    process.nextTick(() => watchStream(response, scope))
    return written
  } as ServerResponse['writeHead']
  response.once('close', () => scope.close())
}

function watchStream(response: ServerResponse, scope: RequestScope): void {
  if (response.writableEnded || response.destroyed || response.closed) return
  try {
    scope.watch(() => response.destroy())
  } catch {
    response.destroy()
  }
}

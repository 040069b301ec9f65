import type { Socket } from 'node:net'
import type { Log } from '../deps.ts'
import { HttpRefusal } from './http-refusal.ts'
import { securityHeaders } from './security-headers.ts'
import { toProblem } from './to-problem.ts'

/** Answers bytes that are not an HTTP request with a problem document, and closes the connection. */
export function answerBrokenRequest(log: Log, error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const refusal = toRefusal(error.code)
  const { status, body } = toProblem(refusal)
  const ip = socket.remoteAddress ?? ''
  log.info({ transport: 'edge', method: 'unmatched', reason: refusal.reason, status, ip }, 'call refused')
  const head = [
    `HTTP/1.1 ${status} `,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    'cache-control: no-store',
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** As Node's own answers: 431 for headers that overflow, 408 for a request that does not end, else 400. */
function toRefusal(code: string | undefined): HttpRefusal {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpRefusal('MESSAGE_TOO_LARGE', { status: 431 })
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  return new HttpRefusal('MALFORMED_MESSAGE', { status })
}

import type { EventEmitter } from 'node:events'
import { AuthError } from '../auth-error.ts'

/** A WebSocket of `ws`, as far as ending it goes. */
export interface WebSocketLike extends EventEmitter {
  close(code: number, reason: string): void
  terminate(): void
}

/** As HTTP's 401 and 403, in the range that RFC 6455 §7.4.2 leaves to applications; 1013 is "Try Again Later" of its registry. */
const closeCodes = Object.freeze({ UNAUTHENTICATED: 4401, PERMISSION_DENIED: 4403, UNAVAILABLE: 1013 })
const closeWaitMs = 1_000

/**
 * Closes a WebSocket with 4401, 4403 or 1013 and the error's reason, such as `REVOKED`. From now on its handler hears no message; a peer
 * that does not answer the close within a second is disconnected.
 */
export function endWebSocket(socket: WebSocketLike, error: unknown): void {
  const { code, reason } =
    error instanceof AuthError ? error : ({ code: 'UNAVAILABLE', reason: 'AUTH_UNREACHABLE' } as const)
  const emit = socket.emit
  // `ws` delivers what still comes in while it waits for the peer's answer.
  socket.emit = (event: string | symbol, ...args: unknown[]) =>
    event === 'message' ? false : Reflect.apply(emit, socket, [event, ...args])
  const timer = setTimeout(() => socket.terminate(), closeWaitMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  socket.close(closeCodes[code], reason)
}

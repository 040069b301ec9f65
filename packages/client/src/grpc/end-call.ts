import type { StatusObject } from '@grpc/grpc-js'

/** A streaming call of a grpc-js server, as far as ending it goes. */
export interface EndableCall {
  emit(event: 'error', status: Partial<StatusObject>): boolean
  destroy(): void
  readonly destroyed: boolean
}

/** What grpc-js keeps below its streams; private there, so it is looked for and not relied on. */
interface CallBelow {
  readonly call?: { readonly sendStatus?: (status: StatusObject) => void }
}

/**
 * Ends a streaming call with a status, whatever its handler and its client do. The status goes out behind what is on the wire; what the
 * handler has written and the client has not made room for is dropped, as is all it goes on to write or would still read. The handler sees
 * `close`, and `cancelled` when grpc-js is done. (By `emit('error')` alone, grpc-js would wait for a client that does not read, and a
 * handler that goes on writing would replace the status with UNKNOWN, or lose it.)
 */
export function endCall(call: EndableCall, status: StatusObject): void {
  if (call.destroyed) return
  const below = (call as CallBelow).call
  if (typeof below?.sendStatus !== 'function') {
    call.emit('error', status)
    return
  }
  below.sendStatus(status)
  call.destroy()
}

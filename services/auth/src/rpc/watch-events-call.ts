import { once } from 'node:events'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { ServerWritableStream } from '@grpc/grpc-js'
import {
  bounds,
  EventService,
  type WatchEventsRequest,
  WatchEventsRequestSchema,
  WatchEventsResponseSchema,
} from '@immersiverse/auth-contract'
import { toServiceCaller } from './call-origin.ts'
import { type Incoming, makeDecode } from './decode.ts'
import { toAuthError, toGrpcError } from './errors.ts'
import { toBuffer } from './to-buffer.ts'
import type { ServeContext, ServedMethod } from './unary-call.ts'

/** Follows the events from a position on until the signal aborts. Throws AuthError INVALID_FIELD, DATABASE_UNAVAILABLE. */
export type WatchEvents = (
  request: { readonly topics: readonly string[]; readonly afterPosition: string },
  signal: AbortSignal,
) => AsyncIterable<MessageInitShape<typeof WatchEventsResponseSchema>>

type WatchStream = ServerWritableStream<Incoming<WatchEventsRequest>, Uint8Array>

/** Serves WatchEvents; waits for a slow reader instead of buffering for it. */
export function makeWatchEventsCall(
  watchEvents: WatchEvents,
  { clock, onFinished, calls }: ServeContext,
): ServedMethod {
  const method = EventService.method.watchEvents
  const name = `${method.parent.typeName}/${method.name}`
  const handler = async (call: WatchStream) => {
    const startMs = clock.monotonicMs()
    const caller = toServiceCaller(call)
    const aborted = new AbortController()
    const abort = () => aborted.abort()
    // Stopping: the reader goes on elsewhere from its last position.
    const remove = calls.addStream(abort)
    call.on('cancelled', abort)
    call.on('error', abort)
    try {
      if ('fault' in call.request) throw call.request.fault
      for await (const item of watchEvents(call.request.message, aborted.signal)) {
        const bytes = toBinary(WatchEventsResponseSchema, create(WatchEventsResponseSchema, item))
        if (!call.write(bytes)) await once(call, 'drain', { signal: aborted.signal })
      }
      call.end()
      onFinished({ method: name, caller, startMs })
    } catch (thrown) {
      const error = aborted.signal.aborted ? undefined : toAuthError(thrown)
      if (error === undefined) call.end()
      else call.emit('error', toGrpcError(error))
      onFinished({ method: name, caller, startMs, ...(error ? { error } : {}) })
    } finally {
      remove()
    }
  }
  const definition = {
    path: `/${name}`,
    requestStream: false,
    responseStream: true,
    requestDeserialize: makeDecode(
      (bytes: Buffer) => fromBinary(WatchEventsRequestSchema, bytes),
      bounds.messageBytes,
    ),
    responseSerialize: toBuffer,
  }
  return { definition: definition as never, handler }
}

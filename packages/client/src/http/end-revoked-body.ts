import type { ReadableStreamReadResult, UnderlyingSource } from 'node:stream/web'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LiveCall } from '../live/live-call.ts'
import type { RequestScope } from '../live/make-request-scope.ts'

type Chunk = ReadableStreamReadResult<Uint8Array>

/**
 * The same response, whose body fails with the AuthError when the caller is revoked while it is being read, and whose source is cancelled.
 * A body that is there in one piece is let through, so the answer to a log-out is delivered. Closes the scope with the body.
 */
export function endRevokedBody(response: Response, scope: RequestScope): Response {
  if (response.body === null) {
    scope.close()
    return response
  }
  const body = new ReadableStream(makeSource(response.body.getReader(), scope), { highWaterMark: 0 })
  return new Response(body, response)
}

function makeSource(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  scope: RequestScope,
): UnderlyingSource<Uint8Array> {
  let call: LiveCall | undefined
  let isFirst = true
  const fail = (controller: ReadableStreamDefaultController, error: unknown): void => {
    controller.error(error)
    scope.close()
    reader.cancel(error).catch(() => undefined)
  }
  const read = async (controller: ReadableStreamDefaultController): Promise<Chunk> => {
    const reading = reader.read()
    reading.catch(() => undefined)
    if (call !== undefined) return await reading
    const early = await findEarly(reading)
    // The whole body, or its end: nothing that goes on.
    if (early !== undefined && (isFirst || early.done)) return early
    call = scope.watch((error) => fail(controller, error))
    return await reading
  }
  return {
    async pull(controller) {
      try {
        const { done, value } = await read(controller)
        isFirst = false
        if (call?.signal.aborted) return
        if (!done) return controller.enqueue(value)
        controller.close()
        scope.close()
      } catch (error) {
        fail(controller, error)
      }
    },
    async cancel(reason) {
      scope.close()
      await reader.cancel(reason)
    },
  }
}

/** The chunk where it is there already; undefined where it has to be waited for. */
async function findEarly(reading: Promise<Chunk>): Promise<Chunk | undefined> {
  return await Promise.race([reading, nextTurn(undefined)])
}

import { once } from 'node:events'
import {
  create,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { ServerWritableStream } from '@grpc/grpc-js'
import { bounds } from '@immersiverse/auth-contract'
import type { AuthError } from '../domain/errors.ts'
import { type Incoming, makeDecode } from './decode.ts'
import { toAuthError, toGrpcError } from './errors.ts'
import { toBuffer } from './to-buffer.ts'
import type { ServeContext, ServedMethod } from './unary-call.ts'

/** What a streaming method answers, message by message, until the signal aborts. Throws AuthError. */
export type ServerStream<M extends DescMethodServerStreaming = DescMethodServerStreaming> = (
  request: MessageShape<M['input']>,
  signal: AbortSignal,
) => AsyncIterable<MessageInitShape<M['output']>>

/** Serves a method that streams its answer; waits for a slow reader instead of buffering for it. It takes `cost` calls from its caller's limit. */
export function makeServerStreamCall<M extends DescMethodServerStreaming>(
  method: M,
  stream: ServerStream<M>,
  { clock, onFinished, calls, gate }: ServeContext,
  cost = 1,
): ServedMethod {
  const name = `${method.parent.typeName}/${method.name}`
  const handler = async (call: ServerWritableStream<Incoming<MessageShape<M['input']>>, Uint8Array>) => {
    const startMs = clock.monotonicMs()
    const admission = gate.admit(call, name, cost)
    const { caller, refusal } = admission
    let ended: AuthError | undefined
    const aborted = new AbortController()
    const abort = () => aborted.abort()
    // Stopping: the reader goes on elsewhere from where it was.
    const remove = calls.addStream(abort)
    const release = gate.hold(admission, (why) => {
      ended = why
      abort()
    })
    call.on('cancelled', abort)
    call.on('error', abort)
    try {
      if (refusal !== undefined) throw refusal
      if ('fault' in call.request) throw call.request.fault
      gate.requireFields(admission, method.input, call.request.message)
      for await (const item of stream(call.request.message, aborted.signal)) {
        const bytes = toBinary(method.output, create(method.output, item))
        if (!call.write(bytes)) await once(call, 'drain', { signal: aborted.signal })
      }
      if (ended !== undefined) throw ended
      call.end()
      onFinished({ method: name, caller, startMs })
    } catch (thrown) {
      const error = ended ?? (aborted.signal.aborted ? undefined : toAuthError(thrown))
      if (error === undefined) call.end()
      else call.emit('error', toGrpcError(error))
      onFinished({ method: name, caller, startMs, ...(error ? { error } : {}) })
    } finally {
      release()
      remove()
    }
  }
  const definition = {
    path: `/${name}`,
    requestStream: false,
    responseStream: true,
    requestDeserialize: makeDecode((bytes: Buffer) => fromBinary(method.input, bytes), bounds.messageBytes),
    responseSerialize: toBuffer,
  }
  return { definition: definition as never, handler }
}

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import {
  AuthService,
  bounds,
  type ValidateTokensRequest,
  ValidateTokensRequestSchema,
  type ValidateTokensResponse,
  ValidateTokensResponseSchema,
} from '@immersiverse/auth-contract'
import type { Deps } from '../deps.ts'
import { invalidField } from '../domain/errors.ts'
import { answerValidation } from './answer-validation.ts'
import type { Admission, CallerGate } from './callers/caller-gate.ts'
import { type Incoming, makeDecode } from './decode.ts'
import { toAuthError, toGrpcError } from './errors.ts'
import { toBuffer } from './to-buffer.ts'
import type { ServeContext, ServedMethod } from './unary-call.ts'
import { writeValidateTokenResponse } from './validate-codec.ts'

type ValidateStream = ServerDuplexStream<Incoming<ValidateTokensRequest>, Uint8Array>

/** Batches of one stream that may wait for their look-ups; beyond it the stream is read no further. */
const batchesInFlight = 64

/** Serves ValidateTokens: batches are answered as they are done. A fault ends the stream; what was asked and not answered is unknown. */
export function makeValidateTokensCall(deps: Deps, { onFinished, calls, gate }: ServeContext): ServedMethod {
  const method = AuthService.method.validateTokens
  const name = `${method.parent.typeName}/${method.name}`
  const handler = (call: ValidateStream) => {
    const startMs = deps.clock.monotonicMs()
    const admission = gate.admit(call, name)
    const { caller, refusal } = admission
    let inFlight = 0
    let ended = false
    let halfClosed = false
    // Stopping: no more is read, what was read is answered; the client asks the rest elsewhere.
    const remove = calls.addStream(() => {
      halfClosed = true
      call.pause()
      if (inFlight === 0) finish()
    })
    const leave = () => {
      ended = true
      release()
      remove()
    }
    const finish = (thrown?: unknown) => {
      if (ended) return
      leave()
      if (thrown === undefined) call.end()
      else call.emit('error', toGrpcError(toAuthError(thrown)))
      onFinished({ method: name, caller, startMs, ...(thrown ? { error: toAuthError(thrown) } : {}) })
    }
    const release = gate.hold(admission, finish)
    if (refusal !== undefined) {
      finish(refusal)
      return
    }
    call.on('data', async (incoming: Incoming<ValidateTokensRequest>) => {
      inFlight += 1
      if (inFlight >= batchesInFlight) call.pause()
      try {
        if ('fault' in incoming) throw incoming.fault
        const bytes = await answerBatch(deps, { gate, admission }, incoming.message)
        if (!ended) call.write(bytes)
      } catch (error) {
        finish(error)
      }
      inFlight -= 1
      if (halfClosed && inFlight === 0) finish()
      else if (inFlight < batchesInFlight && !halfClosed) call.resume()
    })
    call.on('end', () => {
      halfClosed = true
      if (inFlight === 0) finish()
    })
    call.on('cancelled', leave)
    call.on('error', leave)
  }
  const definition = {
    path: `/${name}`,
    requestStream: true,
    responseStream: true,
    requestDeserialize: makeDecode(
      (bytes: Buffer) => fromBinary(ValidateTokensRequestSchema, bytes),
      bounds.batchMessageBytes,
    ),
    responseSerialize: toBuffer,
  }
  return { definition: definition as never, handler }
}

interface Asker {
  readonly gate: CallerGate
  readonly admission: Admission
}

async function answerBatch(
  deps: Deps,
  { gate, admission }: Asker,
  batch: ValidateTokensRequest,
): Promise<Uint8Array> {
  if (batch.requests.length > bounds.validateBatch) {
    throw invalidField('requests', `must be at most ${bounds.validateBatch}`)
  }
  // Each question is a call, whatever it shares a message with.
  gate.spend(admission, batch.requests.length)
  const { caller } = admission
  const answers = await Promise.all(batch.requests.map((request) => answerValidation(deps, caller, request)))
  return toBatchBytes(batch.correlationId, answers.map(writeValidateTokenResponse))
}

/** `correlation_id`, then each answer as field 2. */
function toBatchBytes(correlationId: bigint, answers: readonly Buffer[]): Uint8Array {
  const head = create(ValidateTokensResponseSchema, { correlationId }) satisfies ValidateTokensResponse
  const parts: Uint8Array[] = [toBinary(ValidateTokensResponseSchema, head)]
  for (const answer of answers) parts.push(toFieldHead(answer.length), answer)
  return Buffer.concat(parts)
}

function toFieldHead(length: number): Buffer {
  return length < 0x80 ? Buffer.of(0x12, length) : Buffer.of(0x12, (length & 0x7f) | 0x80, length >>> 7)
}

import type { Client, ClientDuplexStream } from '@grpc/grpc-js'
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import {
  AuthService,
  type ValidateTokenResponse,
  type ValidateTokensResponse,
} from '@immersiverse/auth-contract'
import { makeBackoff } from '../make-backoff.ts'
import { unavailable } from '../unavailable.ts'
import { encodeValidateTokensRequest, type TokenQuestion } from './encode-validate-tokens-request.ts'
import { takeBatch } from './take-batch.ts'
import { toServiceDefinition } from './to-service-definition.ts'
import { WaitingQuestion } from './waiting-question.ts'

/** Asks ValidateToken, many questions in one message of one stream. */
export interface TokenBatches {
  /** The service's answer; rejects with AuthError UNAVAILABLE where there is none within the deadline. */
  ask(question: TokenQuestion): Promise<ValidateTokenResponse>
  /** Ends the stream; what still waits is answered UNAVAILABLE `CLOSED`. */
  close(): void
}

/** Limits of the batches. */
export interface TokenBatchesOptions {
  /** From `ask` to its answer, a second attempt included; checked every 25 ms. */
  readonly deadlineMs: number
  /** Questions that may wait at once; more are refused with `TOO_MANY_WAITING`. */
  readonly maxWaiting: number
}

type Stream = ClientDuplexStream<Buffer, ValidateTokensResponse>

const { path, responseDeserialize } = toServiceDefinition(AuthService).ValidateTokens
const deadlineCheckMs = 25

/**
 * Opens the batching client of `AuthService.ValidateTokens`. Questions of one turn of the event loop share a message (at most 256, at
 * most the contract's batch size). When the stream breaks, what it carried is asked once more on a fresh one, opened after a backoff of
 * 50 ms to 1 s with jitter; what fails twice is UNAVAILABLE.
 */
export function openTokenBatches(channel: Client, options: TokenBatchesOptions): TokenBatches {
  return new Batches(channel, options)
}

class Batches implements TokenBatches {
  readonly #channel: Client
  readonly #options: TokenBatchesOptions
  readonly #backoff = makeBackoff({ firstMs: 50, maxMs: 1_000 })
  /** Not yet written, oldest first. */
  #queue: WaitingQuestion[] = []
  /** Written, by correlation id, oldest first. */
  readonly #sent = new Map<number, WaitingQuestion[]>()
  #stream: Stream | undefined
  #waiting = 0
  #lastId = 0
  #isFlushPlanned = false
  #isBackedUp = false
  #reopenTimer: NodeJS.Timeout | undefined
  #deadlineTimer: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #onSettled = (): void => void this.#waiting--

  constructor(channel: Client, options: TokenBatchesOptions) {
    this.#channel = channel
    this.#options = options
  }

  ask(question: TokenQuestion): Promise<ValidateTokenResponse> {
    if (this.#isClosed) return Promise.reject(unavailable('CLOSED', 'the client is closed'))
    if (this.#waiting >= this.#options.maxWaiting) {
      return Promise.reject(unavailable('TOO_MANY_WAITING', 'too many requests wait for verification'))
    }
    return new Promise((resolve, reject) => {
      const expiresAt = performance.now() + this.#options.deadlineMs
      this.#queue.push(new WaitingQuestion(question, expiresAt, resolve, reject, this.#onSettled))
      this.#waiting++
      this.#planFlush()
      // One coarse timer for all: a timer per request costs more than the request.
      this.#deadlineTimer ??= setInterval(() => this.#expire(), deadlineCheckMs)
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#reopenTimer)
    clearInterval(this.#deadlineTimer)
    this.#stream?.end()
    this.#stream?.cancel()
    this.#stream = undefined
    const left = [...this.#takeSent(), ...this.#queue.splice(0)]
    for (const waiting of left) waiting.fail(unavailable('CLOSED', 'the client is closed'))
  }

  #planFlush(): void {
    if (this.#isFlushPlanned || this.#isBackedUp || this.#reopenTimer !== undefined || this.#isClosed) return
    this.#isFlushPlanned = true
    // After the I/O of this turn: all requests it brought are in the queue by then.
    setImmediate(() => {
      this.#isFlushPlanned = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#isClosed || this.#reopenTimer !== undefined) return
    while (this.#queue.length > 0 && !this.#isBackedUp) {
      const batch = takeBatch(this.#queue)
      if (batch.length === 0) continue
      this.#stream ??= this.#open()
      const id = ++this.#lastId
      this.#sent.set(id, batch)
      const questions = batch.map((waiting) => waiting.question)
      this.#isBackedUp = !this.#stream.write(encodeValidateTokensRequest(id, questions))
    }
  }

  #open(): Stream {
    const stream: Stream = this.#channel.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      responseDeserialize,
      new Metadata(),
    )
    stream.on('data', (response: ValidateTokensResponse) => this.#receive(response))
    stream.on('drain', () => {
      if (stream !== this.#stream) return
      this.#isBackedUp = false
      this.#flush()
    })
    let failure: ServiceError | undefined
    stream.on('error', (error: ServiceError) => {
      failure = error
      this.#reopen(stream, failure)
    })
    stream.on('end', () => this.#reopen(stream, failure))
    return stream
  }

  #receive(response: ValidateTokensResponse): void {
    this.#backoff.reset()
    const id = Number(response.correlationId)
    const batch = this.#sent.get(id)
    // Unknown: answered after its deadline.
    if (batch === undefined) return
    this.#sent.delete(id)
    for (const [index, waiting] of batch.entries()) {
      const answer = response.responses[index]
      if (answer === undefined) waiting.fail(unavailable('AUTH_UNREACHABLE', 'an answer is missing'))
      else waiting.answer(answer)
    }
  }

  /** The stream has ended, with an error or without: what it carried is asked once more, what was asked twice fails. */
  #reopen(stream: Stream, cause: ServiceError | undefined): void {
    if (stream !== this.#stream) return
    this.#stream = undefined
    this.#isBackedUp = false
    const again: WaitingQuestion[] = []
    for (const waiting of this.#takeSent()) {
      if (waiting.isSettled) continue
      if (waiting.isRetry)
        waiting.fail(unavailable('AUTH_UNREACHABLE', 'the auth service cannot be reached', cause))
      else {
        waiting.isRetry = true
        again.push(waiting)
      }
    }
    this.#queue = again.concat(this.#queue)
    this.#reopenTimer = setTimeout(() => {
      this.#reopenTimer = undefined
      this.#flush()
    }, this.#backoff.next())
    this.#reopenTimer.unref()
  }

  #takeSent(): WaitingQuestion[] {
    const all = [...this.#sent.values()].flat()
    this.#sent.clear()
    return all
  }

  #expire(): void {
    const now = performance.now()
    const late = unavailable('DEADLINE_EXCEEDED', 'the auth service did not answer in time')
    for (const [id, batch] of this.#sent) {
      for (const waiting of batch) if (waiting.expiresAt <= now) waiting.fail(late)
      if (batch.every((waiting) => waiting.isSettled)) this.#sent.delete(id)
    }
    for (const waiting of this.#queue) if (waiting.expiresAt <= now) waiting.fail(late)
    if (this.#queue.length > 0 && this.#queue[0]?.isSettled)
      this.#queue = this.#queue.filter((one) => !one.isSettled)
    if (this.#waiting > 0) return
    clearInterval(this.#deadlineTimer)
    this.#deadlineTimer = undefined
  }
}

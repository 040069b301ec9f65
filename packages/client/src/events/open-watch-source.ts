import { type Event, type EventName, type EventService, toEventType } from '@immersiverse/auth-contract'
import { isServiceError } from '../grpc/is-service-error.ts'
import type { GrpcClientOf } from '../grpc/make-grpc-client.ts'
import { RpcError, toRpcError } from '../grpc/rpc-error.ts'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { EventRecord, EventSource } from './event-record.ts'
import { retryForever, waitFor } from './retry-forever.ts'

/** Where a consumer over WatchEvents keeps how far it has come. */
export interface PositionStore {
  /** The position saved last; undefined or empty before the first: from the oldest event kept. */
  load(): string | undefined | Promise<string | undefined>
  /** Called after each handled event and at heartbeats; a failure is logged and tried again before the next event. */
  save(position: string): void | Promise<void>
}

/** What the source needs. */
export interface WatchSourceOptions {
  readonly client: Pick<GrpcClientOf<typeof EventService>, 'watchEvents'>
  readonly names: readonly EventName[]
  readonly position: PositionStore
  readonly signal: AbortSignal
  readonly logger: Logger
}

const retryBounds = { firstMs: 100, maxMs: 5_000 }

/**
 * Reads events over `EventService.WatchEvents` from the saved position on. A broken stream is opened again, with backoff, after the last
 * event that was dealt with. Throws RpcError INVALID_ARGUMENT or OUT_OF_RANGE where the service knows no such position or topic.
 */
export async function* openWatchSource(options: WatchSourceOptions): EventSource {
  const { client, position, signal, logger } = options
  const topics = options.names.map(toEventType)
  let after = ''
  const isLoaded = await retry(options, 'the position cannot be loaded', async () => {
    after = (await position.load()) ?? ''
  })
  const moveTo = async (next: string): Promise<void> => {
    if (next === after) return
    if (await retry(options, 'the position cannot be saved', () => position.save(next))) after = next
  }
  const backoff = makeBackoff(retryBounds)
  while (isLoaded && !signal.aborted) {
    const stream = client.watchEvents({ topics, afterPosition: after }, { signal })
    // grpc-js reports our own cancelling as an error, after nobody reads any more.
    stream.on('error', () => undefined)
    try {
      for await (const { item } of stream) {
        backoff.reset()
        if (item.case === 'event') yield toRecord(item.value, moveTo)
        // All before it has been yielded, and each was done before the next was asked for.
        else if (item.case === 'heartbeat') await moveTo(item.value.position)
      }
    } catch (cause) {
      if (signal.aborted) return
      const error = isServiceError(cause) ? toRpcError(cause) : cause
      if (isPermanent(error)) throw error
      logger.warn({ err: error, afterPosition: after }, 'WatchEvents broke; trying again')
    } finally {
      stream.cancel()
    }
    await waitFor(backoff.next(), signal)
  }
}

function retry(
  { signal, logger }: WatchSourceOptions,
  message: string,
  work: () => unknown,
): Promise<boolean> {
  const onFailure = (err: unknown, attempt: number) => logger.error({ err, attempt }, message)
  return retryForever(work, { ...retryBounds, signal, onFailure })
}

function isPermanent(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'INVALID_ARGUMENT' || error.code === 'OUT_OF_RANGE')
}

function toRecord(event: Event, moveTo: (position: string) => Promise<void>): EventRecord {
  return {
    topic: event.topic,
    key: event.key,
    attributes: new Map(Object.entries(event.attributes)),
    contentType: event.contentType,
    data: event.data,
    origin: { position: event.position },
    done: () => moveTo(event.position),
  }
}

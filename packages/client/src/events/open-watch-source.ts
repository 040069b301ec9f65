import { type Event, type EventName, type EventService, toEventType } from '@immersiverse/auth-contract'
import { isServiceError } from '../grpc/is-service-error.ts'
import type { GrpcClientOf } from '../grpc/make-grpc-client.ts'
import { RpcError, toRpcError } from '../grpc/rpc-error.ts'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { EventRecord, EventSource, PositionMark } from './event-record.ts'
import { makePositionSaver } from './make-position-saver.ts'
import { retryForever, waitFor } from './retry-forever.ts'

/** Where a consumer over WatchEvents keeps how far it has come. */
export interface PositionStore {
  /** The position saved last; undefined or empty before the first: from the oldest event kept. */
  load(): string | undefined | Promise<string | undefined>
  /** Called behind handled events and at heartbeats, one call at a time; a failure is logged and tried again. */
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
 * event that was handed over. Throws RpcError INVALID_ARGUMENT or OUT_OF_RANGE where the service knows no such position or topic.
 */
export async function* openWatchSource(options: WatchSourceOptions): EventSource {
  const { client, position, signal, logger } = options
  const topics = options.names.map(toEventType)
  let read = ''
  const isLoaded = await retryForever(
    async () => {
      read = (await position.load()) ?? ''
    },
    { ...retryBounds, signal, onFailure: (err) => logger.error({ err }, 'the position cannot be loaded') },
  )
  const save = makePositionSaver({ ...retryBounds, position, signal, logger })
  const backoff = makeBackoff(retryBounds)
  while (isLoaded && !signal.aborted) {
    const stream = client.watchEvents({ topics, afterPosition: read }, { signal })
    // grpc-js reports our own cancelling as an error, after nobody reads any more.
    stream.on('error', () => undefined)
    try {
      for await (const { item } of stream) {
        backoff.reset()
        if (item.value === undefined) continue
        // What was handed over is dealt with in this process, also when the stream breaks before.
        read = item.value.position
        yield item.case === 'event' ? toRecord(item.value, save) : toMark(read, save)
      }
    } catch (cause) {
      if (signal.aborted) return
      const error = isServiceError(cause) ? toRpcError(cause) : cause
      if (isPermanent(error)) throw error
      logger.warn({ err: error, afterPosition: read }, 'WatchEvents broke; trying again')
    } finally {
      stream.cancel()
    }
    await waitFor(backoff.next(), signal)
  }
}

function isPermanent(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'INVALID_ARGUMENT' || error.code === 'OUT_OF_RANGE')
}

type Save = (position: string) => Promise<void>

function toMark(position: string, save: Save): PositionMark {
  return { origin: { position }, done: () => save(position) }
}

function toRecord(event: Event, save: Save): EventRecord {
  return {
    topic: event.topic,
    key: event.key,
    attributes: new Map(Object.entries(event.attributes)),
    contentType: event.contentType,
    data: event.data,
    origin: { position: event.position },
    done: () => save(event.position),
  }
}

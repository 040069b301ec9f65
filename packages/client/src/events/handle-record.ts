import { setTimeout as sleep } from 'node:timers/promises'
import type { EventName } from '@immersiverse/auth-contract'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import { untilAborted } from '../verifier/until-aborted.ts'
import type { EventHandlers } from './consume-events.ts'
import { DeadLetterError, type SendDeadLetter } from './dead-letter.ts'
import { type DecodedEvent, decodeEvent, type EventInfo } from './decode-event.ts'
import type { EventRecord } from './event-record.ts'
import type { SequenceMemory } from './make-sequence-memory.ts'
import { retryForever } from './retry-forever.ts'

/** How a handler that throws is called again. */
export interface RetryOptions {
  /** Attempts before an event goes to the dead letters, where there are any; default 10. */
  readonly attempts?: number
  /** The first wait, doubled after each attempt; default 100. */
  readonly firstMs?: number
  /** The longest wait; default 30,000. */
  readonly maxMs?: number
}

/** How often what happened, since the start. */
export interface EventCounts {
  /** Events whose handler succeeded. */
  handled: number
  /** Dropped as handled before. */
  duplicates: number
  /** Attempts that failed. */
  failures: number
  /** Events and records that went to the dead letters. */
  deadLetters: number
  /** Events before which others of the same user and topic were never seen. */
  gaps: number
}

/** What a record is handled with. */
export interface HandleParts {
  readonly handlers: EventHandlers
  readonly retry: RetryOptions
  /** Undefined: there is nowhere to put them. Then handlers are called for ever, and what cannot be decoded stops the consumer. */
  readonly sendDeadLetter: SendDeadLetter | undefined
  /** Events before it are passed over: the consumer was told to begin there. */
  readonly from: Date | undefined
  readonly onGap: ((info: EventInfo, after: bigint) => unknown) | undefined
  readonly memory: SequenceMemory
  readonly counts: EventCounts
  readonly logger: Logger
  /** Closing: what has begun is awaited, nothing is begun. */
  readonly signal: AbortSignal
}

/**
 * Deals with one record: handled, or known as a duplicate, or put to the dead letters. False when the consumer was closed before that.
 * @throws UndecodableEventError where there are no dead letters.
 */
export async function handleRecord(record: EventRecord, parts: HandleParts): Promise<boolean> {
  if (parts.signal.aborted) return false
  let event: DecodedEvent
  try {
    event = decodeEvent(record)
  } catch (error) {
    if (parts.sendDeadLetter === undefined) throw error
    return await bury(record, error, 0, parts)
  }
  const { name, data, info } = event
  const { isDuplicate, gapAfter } = parts.memory.judge(info, record.tenure)
  if (isDuplicate) {
    parts.counts.duplicates += 1
    return true
  }
  if (parts.from !== undefined && info.time < parts.from) return true
  if (gapAfter !== undefined) noteGap(info, gapAfter, parts)
  const handler = parts.handlers[name] as ((data: unknown, info: EventInfo) => unknown) | undefined
  if (handler === undefined) return true
  let mendGap = gapAfter === undefined ? undefined : () => parts.onGap?.(info, gapAfter)
  const work = async (): Promise<void> => {
    await mendGap?.()
    mendGap = undefined
    await handler(data, info)
  }
  return await callUntilHandled(record, info, name, work, parts)
}

async function callUntilHandled(
  record: EventRecord,
  info: EventInfo,
  event: EventName,
  work: () => unknown,
  parts: HandleParts,
): Promise<boolean> {
  const { counts, logger, memory, retry, signal } = parts
  const { eventId: id, topic, key, origin } = info
  const backoff = makeBackoff({ firstMs: retry.firstMs ?? 100, maxMs: retry.maxMs ?? 30_000 })
  const handledBefore = counts.handled
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await work()
      counts.handled += 1
      memory.markHandled(info, record.tenure)
      return true
    } catch (error) {
      counts.failures += 1
      logger.error({ err: error, attempt, event, id, topic, key, ...origin }, 'an event handler failed')
      // Where nothing else succeeds either, it is not the event: a database that is down must not empty a topic into the dead letters.
      const isPoison = attempt >= (retry.attempts ?? 10) && counts.handled > handledBefore
      if (parts.sendDeadLetter && (isPoison || error instanceof DeadLetterError)) {
        return await bury(record, error, attempt, parts, info)
      }
    }
    await sleep(backoff.next(), undefined, { signal }).catch(() => undefined)
  }
  return false
}

/** Never lets go of a record that is not safely in the dead letters. */
async function bury(
  record: EventRecord,
  error: unknown,
  attempts: number,
  parts: HandleParts,
  info?: EventInfo,
): Promise<boolean> {
  const { logger, sendDeadLetter, signal, counts, memory } = parts
  const { topic, key, origin } = record
  // Closing does not wait for a broker that is away; a letter that arrives after all is written again by the next consumer.
  const send = () => untilAborted(Promise.resolve(sendDeadLetter?.({ record, error, attempts })), signal)
  const isSent = await retryForever(send, {
    firstMs: 100,
    maxMs: 10_000,
    signal,
    onFailure: (err) => logger.error({ err, topic, key, ...origin }, 'a dead letter cannot be written'),
  })
  if (!isSent) return false
  counts.deadLetters += 1
  if (info !== undefined) memory.markHandled(info, record.tenure)
  logger.error({ err: error, attempts, topic, key, ...origin }, 'an event went to the dead letters')
  return true
}

function noteGap(info: EventInfo, after: bigint, { counts, logger }: HandleParts): void {
  counts.gaps += 1
  const { topic, key, userSequence, topicPrevious } = info
  logger.error({ topic, key, after, userSequence, topicPrevious }, 'events of this user were never seen')
}

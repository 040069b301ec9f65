import { toRevocationTopic } from '@immersiverse/auth-contract'
import { makeRevocationSource, type RevocationCalls } from '../grpc/make-revocation-source.ts'
import {
  type Heartbeat,
  type Revocation,
  RevocationDoubt,
  type RevocationSource,
} from '../verifier/revocation.ts'
import { decodeRevocationRecord } from './decode-revocation-record.ts'
import { OffsetGoneError } from './fetch-consumer.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { openPartitionReader, type PartitionReader } from './open-partition-reader.ts'
import type { PartitionRecord } from './partition-record.ts'

/** What the source needs. */
export interface KafkaRevocationSourceOptions {
  readonly kafka: KafkaOptions
  /** For the snapshot and the database's clock. */
  readonly client: RevocationCalls
}

type From = Parameters<RevocationSource['watch']>[0]
type LogRecord = Revocation | Heartbeat

/** How far the topic was read: up to an offset, behind which comes all after a number of an epoch. */
interface Place extends From {
  readonly topicId: string
  readonly offset: bigint
}

/**
 * Records that are read again before the log's end where a follower begins: what was published between the status it began with and
 * the moment the end was asked for is among them. If ever it is not, that is a gap, and the follower begins anew.
 */
const readAgain = 1000n

/**
 * Makes a source of revocations for one follower: the log from Kafka's `token_blacklist`, partition 0, by offsets that it keeps itself (no
 * group, no reset to either end), the snapshot and the database's clock over gRPC. A connection that breaks is taken up behind the last
 * record that was taken. An offset that is gone, a topic made anew and a record that cannot be read are RevocationDoubts.
 */
export function makeKafkaRevocationSource(options: KafkaRevocationSourceOptions): RevocationSource {
  const { kafka, client } = options
  const topic = toRevocationTopic(kafka.topicPrefix)
  // Of the last watch alone: one that was left may still be ending.
  let last: { place?: Place | undefined } = {}
  const { snapshot, status } = makeRevocationSource(client)
  return {
    snapshot,
    status,
    async *watch(from, signal) {
      const { place: ended } = last
      const isResumed = ended?.epoch === from.epoch && ended.afterRseq === from.afterRseq
      const run: typeof last = { place: isResumed ? ended : undefined }
      last = run
      const reader = await openPartitionReader(kafka, topic, signal)
      try {
        for await (const [record, place] of run.place ? resume(reader, run.place) : begin(reader, from)) {
          // A reader that leaves here had a reason not to take this record: it must not be given again.
          run.place = undefined
          yield record
          run.place = place
        }
      } catch (cause) {
        if (cause instanceof RevocationDoubt || cause instanceof OffsetGoneError) run.place = undefined
        if (!(cause instanceof OffsetGoneError)) throw cause
        throw new RevocationDoubt('OUT_OF_RANGE', cause.message, { cause })
      } finally {
        await reader[Symbol.asyncDispose]()
      }
    },
  }
}

async function* resume(reader: PartitionReader, place: Place): AsyncGenerator<readonly [LogRecord, Place]> {
  if (place.topicId !== reader.topicId) throw new OffsetGoneError('the topic was made anew')
  yield* toPlaced(reader.read(place.offset), place)
}

/**
 * From some way before the log's end. What stood there before the subscription began is in the snapshot, or comes here, or is missed as
 * a number between others: so none of it is a reason for doubt, or the same record would be one again and again.
 */
async function* begin(reader: PartitionReader, from: From): AsyncGenerator<readonly [LogRecord, Place]> {
  const early = reader.end - readAgain
  const offset = early > reader.begin ? early : reader.begin
  const isWanted = (record: PartitionRecord) => record.offset >= reader.end || isAfter(record, from)
  yield* toPlaced(filter(reader.read(offset), isWanted), { ...from, topicId: reader.topicId, offset })
}

/** The records, each with the place behind it. */
async function* toPlaced(
  records: AsyncIterable<PartitionRecord>,
  begun: Place,
): AsyncGenerator<readonly [LogRecord, Place]> {
  let { afterRseq } = begun
  for await (const record of records) {
    const decoded = decodeRevocationRecord(record)
    if (decoded.kind === 'revocation' && decoded.epoch === begun.epoch) {
      afterRseq = Math.max(afterRseq, decoded.rseq)
    }
    yield [decoded, { ...begun, offset: record.offset + 1n, afterRseq }]
  }
}

function isAfter(record: PartitionRecord, { epoch, afterRseq }: From): boolean {
  try {
    const decoded = decodeRevocationRecord(record)
    return decoded.kind === 'revocation' && decoded.epoch === epoch && decoded.rseq > afterRseq
  } catch {
    return false
  }
}

async function* filter<T>(values: AsyncIterable<T>, isWanted: (value: T) => boolean): AsyncGenerator<T> {
  for await (const value of values) if (isWanted(value)) yield value
}

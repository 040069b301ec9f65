import { toDeadLetterTopic } from '@immersiverse/auth-contract'
import type { DeadLetter, SendDeadLetter } from './dead-letter.ts'
import type { EventRecord } from './event-record.ts'
import { type KafkaOptions, toClientOptions } from './kafka-options.ts'

/** The dead letters' topic, open for writing. */
export interface DeadLetters extends AsyncDisposable {
  readonly send: SendDeadLetter
}

const errorMax = 1024

/**
 * Opens `auth.events.dlq`: a dead letter is the record as it was, with headers that say where it stood (`dlq_topic`, `dlq_partition`,
 * `dlq_offset`), who could not handle it (`dlq_group`), why (`dlq_error`), after how many attempts (`dlq_attempts`) and when
 * (`dlq_time`). A crash between writing and committing writes it again. The producer is made with the first one.
 */
export function openDeadLetters(kafka: KafkaOptions, group: string): DeadLetters {
  const topic = toDeadLetterTopic(kafka.topicPrefix)
  let opening: ReturnType<typeof openProducer> | undefined
  return {
    async send(letter) {
      opening ??= openProducer(kafka, group)
      const producer = await opening
      const { record } = letter
      const message = {
        topic,
        key: Buffer.from(record.key),
        value: Buffer.from(record.data),
        headers: toHeaders(letter, group),
      }
      await producer.send({ messages: [message] })
    },
    async [Symbol.asyncDispose]() {
      // Forced: what is under way is not waited for, see `bury`.
      const producer = await opening
      await producer?.close(true)
    },
  }
}

async function openProducer(kafka: KafkaOptions, group: string) {
  // Only services that read Kafka load its client.
  const { Producer } = await import('@platformatic/kafka')
  return new Producer<Buffer, Buffer, Buffer, Buffer>({
    ...toClientOptions(kafka, group),
    acks: -1,
    autocreateTopics: false,
  })
}

function toHeaders({ record, error, attempts }: DeadLetter, group: string): Map<Buffer, Buffer> {
  const headers = {
    ...toOriginalHeaders(record),
    ...toOrigin(record),
    dlq_group: group,
    dlq_error: String(error).slice(0, errorMax),
    dlq_attempts: String(attempts),
    dlq_time: new Date().toISOString(),
  }
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

function toOriginalHeaders({ attributes, contentType }: EventRecord): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': contentType }
  for (const [name, value] of attributes) headers[name === 'traceparent' ? name : `ce_${name}`] = value
  return headers
}

function toOrigin({ topic, origin }: EventRecord): Record<string, string> {
  if ('position' in origin) return { dlq_topic: topic, dlq_position: origin.position }
  return { dlq_topic: topic, dlq_partition: String(origin.partition), dlq_offset: String(origin.offset) }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { type EventName, toTopic } from '@immersiverse/auth-contract'
import type { Logger } from '../logger.ts'
import { makeBackoff } from '../make-backoff.ts'
import type { EventSource } from './event-record.ts'
import { fromMessage } from './from-message.ts'
import { type KafkaOptions, toClientOptions } from './kafka-options.ts'
import { type CommittingConsumer, makeCommitter } from './make-committer.ts'
import { makeTenures, type Tenures } from './make-tenures.ts'
import { type KafkaConsumer, readMessages } from './read-messages.ts'
import { waitFor } from './retry-forever.ts'
import type { StartPosition } from './seed-offsets.ts'

/** What the source needs. */
export interface KafkaSourceOptions {
  readonly kafka: KafkaOptions
  readonly group: string
  readonly names: readonly EventName[]
  /** Where a group starts that has not committed anything. */
  readonly from: StartPosition
  readonly groupProtocol: 'classic' | 'consumer'
  /** `classic`: how long a member that died without leaving holds its partitions; default 10,000. */
  readonly sessionTimeoutMs?: number | undefined
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** How long closing waits for commits that are under way. */
const lastCommitMs = 5_000

/**
 * Reads events of a consumer group, in order per partition. A consumer that dies (its stream ends for good after an error:
 * platformatic/kafka issue 206; heartbeats that stall) is replaced by a new one after a backoff of 200 ms to 10 s. Topics that do not exist
 * yet are waited for, never created: the auth service makes them with the right policy.
 */
export async function* openKafkaSource(options: KafkaSourceOptions): EventSource {
  const { signal, logger, group } = options
  const backoff = makeBackoff({ firstMs: 200, maxMs: 10_000 })
  const tenures = makeTenures()
  while (!signal.aborted) {
    try {
      for await (const record of readUntilBroken(options, tenures)) {
        backoff.reset()
        yield record
      }
    } catch (err) {
      if (!signal.aborted) logger.warn({ err, group }, 'the Kafka consumer broke; starting another')
    }
    await waitFor(backoff.next(), signal)
  }
}

/** One life of a consumer. Ends when the signal is aborted, throws when the consumer dies. */
async function* readUntilBroken(options: KafkaSourceOptions, tenures: Tenures): EventSource {
  const { kafka, names, from, signal, logger, group, groupProtocol } = options
  const consumer = await makeConsumer(options)
  const committer = makeCommitter(toCommitting(consumer, groupProtocol), (err) =>
    logger.warn({ err, group }, 'Kafka offsets were not committed'),
  )
  const topics = names.map((name) => toTopic(name, kafka.topicPrefix))
  consumer.on('consumer:group:join', committer.beginGeneration)
  try {
    for await (const message of readMessages(consumer, { topics, from, signal })) {
      const { topic, partition, offset, leaderEpoch } = message
      const handled = { topic, partition, offset, leaderEpoch, generationId: consumer.generationId }
      const tenure = tenures.judge(message, consumer.assignments)
      yield fromMessage(message, tenure, async () => committer.mark(handled))
    }
  } finally {
    await Promise.race([committer.flush(), sleep(lastCommitMs, undefined, { ref: false })])
    // First: a rejoin that is under way would otherwise end after the closing, and leave a member behind that nobody reads for.
    const left = Promise.resolve<unknown>(consumer.leaveGroup(true)).catch(() => undefined)
    await Promise.race([left, sleep(lastCommitMs, undefined, { ref: false })])
    await consumer
      .close(true)
      .catch((err: unknown) => logger.warn({ err, group }, 'the Kafka consumer did not close cleanly'))
  }
}

function toCommitting(
  consumer: KafkaConsumer,
  groupProtocol: KafkaSourceOptions['groupProtocol'],
): CommittingConsumer {
  return {
    get generationId() {
      return consumer.generationId
    },
    get assignments() {
      return consumer.assignments
    },
    // With KIP-848 partitions come and go without a pause.
    isRejoining: () => groupProtocol === 'classic' && !consumer.isActive(),
    commit: (offsets) => consumer.commit(offsets),
  }
}

async function makeConsumer(options: KafkaSourceOptions): Promise<KafkaConsumer> {
  const { kafka, group, groupProtocol, sessionTimeoutMs = 10_000 } = options
  // Only services that read Kafka load its client.
  const { Consumer } = await import('@platformatic/kafka')
  const common = {
    ...toClientOptions(kafka, group),
    groupId: group,
    autocreateTopics: false,
    autocommit: false,
    // A fetch answers as soon as there is a record; this bounds how long closing waits for one that is idle.
    maxWaitTime: 500,
    heartbeatStallTimeout: 15_000,
  }
  // With it the broker says how often it wants to hear of a member, and when one is gone.
  if (groupProtocol === 'consumer')
    return new Consumer({ ...common, groupProtocol, rebalanceTimeout: 60_000 })
  return new Consumer<Buffer, Buffer, Buffer, Buffer>({
    ...common,
    // How soon a member hears of a rebalance.
    heartbeatInterval: Math.min(1_000, Math.ceil(sessionTimeoutMs / 5)),
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: Math.max(15_000, sessionTimeoutMs),
  })
}

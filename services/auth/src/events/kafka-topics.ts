import { Admin, ConfigResourceTypes } from '@platformatic/kafka'
import { toLogCause } from '../domain/to-log-cause.ts'
import { type KafkaConnection, toClientOptions } from './kafka-connection.ts'
import type { EventsLog } from './log.ts'

/** What topics are to be. */
export interface KafkaTopicsOptions {
  readonly connection: KafkaConnection
  /** How long records are kept; of a compacted topic, how long tombstones are. */
  readonly retentionMs: number
  /** Whether old records go, or those that a newer one of their key replaces; `delete` by default. */
  readonly cleanup?: 'delete' | 'compact'
  readonly log: EventsLog
}

const replicasWanted = 3

/**
 * Makes those of the topics that are not there, with so many partitions, on at most three brokers. A topic
 * that is there with another policy is reported in the log and left alone. Rejects when the brokers cannot be reached or refuse to make one.
 */
export async function makeTopics(
  wanted: readonly string[],
  partitions: number,
  options: KafkaTopicsOptions,
): Promise<void> {
  const admin = new Admin(toClientOptions(options.connection))
  try {
    const present = new Set(await admin.listTopics({}))
    const missing = wanted.filter((topic) => !present.has(topic))
    if (missing.length > 0) {
      await createTopics(admin, missing, partitions, options)
      // Rejects while a partition has no leader yet.
      await admin.metadata({ topics: [...missing], forceUpdate: true })
    }
    const existing = wanted.filter((topic) => present.has(topic))
    if (existing.length > 0) await reportOtherPolicies(admin, existing, partitions, options)
  } finally {
    await admin.close()
  }
}

async function createTopics(
  admin: Admin,
  topics: string[],
  partitions: number,
  options: KafkaTopicsOptions,
): Promise<void> {
  const { brokers } = await admin.metadata({ topics: [] })
  const replicas = Math.min(replicasWanted, brokers.size)
  const configs = toPolicy(options, replicas)
  try {
    await admin.createTopics({
      topics,
      partitions,
      replicas,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    })
    options.log.info({ topics, partitions, replicas }, 'made the topics')
  } catch (error) {
    // Another replica may have been faster with some of them: then all are there now, or the next try makes the rest.
    if (!isAlreadyThere(error)) throw error
    const present = new Set(await admin.listTopics({}))
    if (topics.some((topic) => !present.has(topic))) throw error
  }
}

function toPolicy(options: KafkaTopicsOptions, replicas: number): Record<string, string> {
  return {
    ...toCleanup(options),
    // Acknowledged means on two machines, where there are three to choose from.
    'min.insync.replicas': replicas >= replicasWanted ? '2' : '1',
    'compression.type': 'producer',
  }
}

function toCleanup({ cleanup = 'delete', retentionMs }: KafkaTopicsOptions): Record<string, string> {
  if (cleanup === 'delete') return { 'cleanup.policy': cleanup, 'retention.ms': String(retentionMs) }
  return {
    'cleanup.policy': cleanup,
    'delete.retention.ms': String(retentionMs),
    // Only closed segments are compacted; a new reader reads what is not, heartbeats above all.
    'segment.ms': '3600000',
    'min.cleanable.dirty.ratio': '0.1',
  }
}

function isAlreadyThere(error: unknown): boolean {
  const { apiId, errors, cause } = error as { apiId?: unknown; errors?: unknown; cause?: unknown }
  if (apiId === 'TOPIC_ALREADY_EXISTS') return true
  return [...(Array.isArray(errors) ? errors : []), ...(cause ? [cause] : [])].some(isAlreadyThere)
}

/** Says what differs; whoever made the topic otherwise had a reason. Not being allowed to look is no reason to stop. */
async function reportOtherPolicies(
  admin: Admin,
  topics: string[],
  partitionCount: number,
  options: KafkaTopicsOptions,
): Promise<void> {
  const { log } = options
  try {
    const metadata = await admin.metadata({ topics: [...topics] })
    const configurationKeys = Object.keys(toCleanup(options))
    const resources = topics.map((name) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: name,
      configurationKeys,
    }))
    const described = await admin.describeConfigs({ resources })
    const wanted = toPolicy(options, 1)
    for (const { resourceName: topic, configs } of described) {
      const partitions = metadata.topics.get(topic)?.partitionsCount
      const others = configs.filter(({ name, value }) => value !== wanted[name])
      if (others.length === 0 && partitions === partitionCount) continue
      const found = Object.fromEntries(others.map(({ name, value }) => [name, value]))
      log.warn({ topic, partitions, ...found }, 'a topic has another policy than this service would give it')
    }
  } catch (error) {
    log.warn({ err: toLogCause(error) }, 'cannot read the policy of the topics')
  }
}

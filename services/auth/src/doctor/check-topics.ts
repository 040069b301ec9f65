import { listTopicPolicies, type TopicPolicy } from '@immersiverse/auth-contract'
import { ConfigResourceTypes } from '@platformatic/kafka'
import type { Finding } from './finding.ts'
import type { KafkaContext } from './kafka-context.ts'

const check = 'topics'
const policyKeys = ['cleanup.policy', 'retention.ms']

/** Looks whether every topic is there, with its partitions and its policy. */
export async function checkTopics(kafka: KafkaContext): Promise<Finding[]> {
  const { admin, topicPrefix } = kafka
  const present = new Set(await admin.listTopics({}))
  const wanted = listTopicPolicies(topicPrefix)
  const existing = wanted.filter(({ topic }) => present.has(topic))
  const faults = [
    ...wanted.filter(({ topic }) => !present.has(topic)).map(toMissing),
    ...(existing.length > 0 ? await judgePolicies(existing, kafka) : []),
  ]
  if (faults.length > 0) return faults
  return [
    { check, severity: 'ok', what: `all ${wanted.length} of ${topicPrefix}.* are there, as they must be` },
  ]
}

function toMissing({ topic, retention }: TopicPolicy): Finding {
  const remedy =
    retention === 'revocations'
      ? 'start a service: the leader of the revocation lane makes it, and readers begin anew'
      : 'restart a service, which makes it; then authctl events reconcile --repair publishes again what it held'
  return { check, severity: 'error', what: `${topic} is missing`, remedy }
}

async function judgePolicies(topics: readonly TopicPolicy[], kafka: KafkaContext): Promise<Finding[]> {
  const { admin, retentionMs } = kafka
  const names = topics.map(({ topic }) => topic)
  const metadata = await admin.metadata({ topics: names, forceUpdate: true })
  const resources = names.map((resourceName) => ({
    resourceType: ConfigResourceTypes.TOPIC,
    resourceName,
    configurationKeys: policyKeys,
  }))
  const described = new Map(
    (await admin.describeConfigs({ resources })).map(({ resourceName, configs }) => [resourceName, configs]),
  )
  return topics.flatMap((policy) => {
    const { topic, cleanup, partitions } = policy
    const found = metadata.topics.get(topic)?.partitionsCount
    const wanted: Record<string, string> = {
      'cleanup.policy': cleanup,
      ...(cleanup === 'delete' ? { 'retention.ms': String(retentionMs[policy.retention]) } : {}),
    }
    const others = (described.get(topic) ?? []).filter(
      ({ name, value }) => wanted[name] !== undefined && wanted[name] !== value,
    )
    return [
      ...(found === partitions ? [] : [toOtherPartitions(policy, found)]),
      ...others.map(({ name, value }) => toOtherPolicy(topic, name, `${value}`, wanted[name] ?? '')),
    ]
  })
}

function toOtherPartitions({ topic, partitions }: TopicPolicy, found: number | undefined): Finding {
  const what = `${topic} has ${found} partitions instead of ${partitions}: a user's events may lose their order`
  const remedy =
    'stop consumers, delete the topic, restart a service, then authctl events reconcile --repair; partitions cannot be taken away'
  return { check, severity: 'error', what, remedy }
}

function toOtherPolicy(topic: string, name: string, value: string, wanted: string): Finding {
  const isRetention = name === 'retention.ms'
  const meant = isRetention ? '; where it is meant, set AUTH_EVENT_RETENTION' : ''
  const remedy = `kafka-configs.sh --alter --topic ${topic} --add-config ${name}=${wanted}${meant}`
  const severity = isRetention ? 'warning' : 'error'
  return { check, severity, what: `${topic} has ${name}=${value} instead of ${wanted}`, remedy }
}

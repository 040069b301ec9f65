import { listTopicPolicies } from '@immersiverse/auth-contract'
import type { Finding } from './finding.ts'
import type { KafkaContext } from './kafka-context.ts'
import { toCause } from './to-cause.ts'

const check = 'consumer groups'
const latest = -1n

/** Looks at the groups that have read topics of the service: whether anybody is in them, and how far they are behind. */
export async function checkGroups(kafka: KafkaContext): Promise<Finding[]> {
  const { admin, lagMax } = kafka
  const groups = [...(await admin.listGroups({})).values()].filter(
    ({ protocolType }) => protocolType === 'consumer',
  )
  const ends = groups.length > 0 ? await listEnds(kafka) : new Map()
  const findings: Finding[] = []
  for (const { id, state } of groups) {
    const lag = await findLag(kafka, id, ends).catch((error) => toCause(error))
    if (lag === undefined) continue
    findings.push(
      typeof lag === 'string' ? toUnreadable(id, lag) : judgeGroup(id, String(state), lag, lagMax),
    )
  }
  if (findings.length > 0) return findings
  return [{ check, severity: 'note', what: 'no group has read any topic yet' }]
}

/** The offsets behind the last records, by `topic/partition`. */
async function listEnds({ admin, topicPrefix }: KafkaContext): Promise<Map<string, bigint>> {
  const present = new Set(await admin.listTopics({}))
  const names = listTopicPolicies(topicPrefix)
    .map(({ topic }) => topic)
    .filter((topic) => present.has(topic))
  if (names.length === 0) return new Map()
  const metadata = await admin.metadata({ topics: names, forceUpdate: true })
  const topics = names.map((name) => ({
    name,
    partitions: Array.from({ length: metadata.topics.get(name)?.partitionsCount ?? 0 }, (_, at) => ({
      partitionIndex: at,
      timestamp: latest,
    })),
  }))
  const listed = await admin.listOffsets({ topics })
  return new Map(
    listed.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => [`${name}/${partitionIndex}`, offset] as const),
    ),
  )
}

/** Records between what the group has committed and the ends; undefined where it has committed nothing on our topics. */
async function findLag(
  { admin }: KafkaContext,
  group: string,
  ends: ReadonlyMap<string, bigint>,
): Promise<bigint | undefined> {
  const [offsets] = await admin.listConsumerGroupOffsets({ groups: [group] })
  let lag: bigint | undefined
  for (const { name, partitions } of offsets?.topics ?? []) {
    for (const { partitionIndex, committedOffset } of partitions) {
      const end = ends.get(`${name}/${partitionIndex}`)
      if (end === undefined || committedOffset < 0n) continue
      lag = (lag ?? 0n) + (end > committedOffset ? end - committedOffset : 0n)
    }
  }
  return lag
}

function judgeGroup(id: string, state: string, lag: bigint, lagMax: number): Finding {
  const behind = `is ${lag} records behind`
  if (state.toUpperCase() === 'EMPTY' || state.toUpperCase() === 'DEAD') {
    const what = `${id} has no members and ${behind}: nobody handles its events`
    const remedy = `start the service that consumes as "${id}", or delete the group where it is gone for good`
    return { check, severity: lag > 0n ? 'error' : 'warning', what, remedy }
  }
  if (lag <= BigInt(lagMax)) return { check, severity: 'ok', what: `${id} ${behind}` }
  const remedy = `see the log of the service "${id}" for handlers that fail or are slow; more instances share the partitions`
  return { check, severity: 'warning', what: `${id} ${behind} (more than ${lagMax})`, remedy }
}

function toUnreadable(id: string, cause: string): Finding {
  return { check, severity: 'note', what: `how far ${id} is cannot be read: ${cause}` }
}

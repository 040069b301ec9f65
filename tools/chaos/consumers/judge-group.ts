import { type Effect, judgeConsumer, type TopicRecord } from './judge-consumer.ts'
import type { LivedEvents } from './live-users.ts'
import type { ConsumerWorld } from './open-consumer-world.ts'
import { readLetters } from './read-topics.ts'
import type { FaultyGroup, GroupResult } from './run-consumers.ts'

/**
 * Reads what a group has left behind and judges it; what its processes have said is judged too. `expected` is what has to stand on the topics: what the
 * service acknowledged, and records that are no events.
 */
export async function judgeGroup(
  world: ConsumerWorld,
  { group, faults, violations }: FaultyGroup,
  records: readonly TopicRecord[],
  expected: LivedEvents,
): Promise<GroupResult> {
  const { group: name, groupProtocol, variant, told, members } = group
  const [effects, counted, letters] = await Promise.all([
    readEffects(world, name),
    readCounts(world, name),
    readLetters(world.kafka.brokers, name),
  ])
  const found = [...violations, ...judgeConsumer(records, { effects, counted, letters })]
  for (const [what, count] of [
    ['good', expected.good],
    ['poisoned', expected.poisoned],
  ] as const) {
    const onTopics = countDistinct(records.filter(({ isPoison }) => isPoison === (what === 'poisoned')))
    if (onTopics !== count) {
      found.push({
        property: 'lost',
        told: `${count} ${what} records were acknowledged and ${onTopics} are on the topics`,
      })
    }
  }
  // Nothing is ever missing from the topics.
  for (const gap of told.gaps) found.push({ property: 'gap', told: gap })
  for (const failed of told.failed) found.push({ property: 'process', told: failed })
  for (const { process } of members) {
    if (process.crashes > 0)
      found.push({ property: 'process', told: `${process.name} ended by itself ${process.crashes} times` })
  }
  return {
    ...{ group: name, groupProtocol, variant, told, faults },
    ...{ effects: effects.length, letters: letters.length, violations: found },
  }
}

/** An event may stand on its topic again; what is no event stands for itself. */
function countDistinct(records: readonly TopicRecord[]): number {
  return new Set(
    records.map(({ eventId, topic, partition, offset }) => eventId ?? `${topic} ${partition}/${offset}`),
  ).size
}

async function readEffects({ pool }: ConsumerWorld, group: string): Promise<Effect[]> {
  const { rows } = await pool.query(
    `select n::float8 as n, event_id as "eventId", topic, user_id as "userId" from effects where consumer = $1`,
    [group],
  )
  return rows
}

async function readCounts({ pool }: ConsumerWorld, group: string): Promise<Map<string, number>> {
  const { rows } = await pool.query(
    'select user_id, events::float8 as events from counts where consumer = $1',
    [group],
  )
  return new Map(rows.map((row) => [row.user_id, row.events]))
}

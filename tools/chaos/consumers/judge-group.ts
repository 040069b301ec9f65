import { type Effect, judgeConsumer, type TopicRecord } from './judge-consumer.ts'
import type { LivedEvents } from './live-users.ts'
import type { ConsumerWorld } from './open-consumer-world.ts'
import { readLetters } from './read-topics.ts'
import type { FaultyGroup, GroupResult } from './run-consumers.ts'

/** Reads what a group has left behind and judges it; what its processes have said is judged too. */
export async function judgeGroup(
  world: ConsumerWorld,
  { group, faults, violations }: FaultyGroup,
  records: readonly TopicRecord[],
  { good }: LivedEvents,
): Promise<GroupResult> {
  const { group: name, groupProtocol, variant, told, members } = group
  const [effects, counted, letters] = await Promise.all([
    readEffects(world, name),
    readCounts(world, name),
    readLetters(world.kafka.brokers, name),
  ])
  const found = [...violations, ...judgeConsumer(records, { effects, counted, letters })]
  const onTopics = new Set(records.filter(({ isPoison }) => !isPoison).map(({ eventId }) => eventId)).size
  if (onTopics !== good) {
    found.push({
      property: 'lost',
      told: `${good} events were acknowledged and ${onTopics} are on the topics`,
    })
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

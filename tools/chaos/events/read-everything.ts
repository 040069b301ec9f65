import { toRevocationTopic } from '@immersiverse/auth-contract'
import type { World } from '../world/world.ts'
import { awaitDrained } from './await-drained.ts'
import type { Committed } from './committed.ts'
import { readCommitted } from './read-committed.ts'
import { readTopics } from './read-topics.ts'
import type { TopicRecord } from './topic-record.ts'
import { withClient } from './with-client.ts'

/** The database and the topics, at a moment at which all was published. */
export interface Everything {
  readonly committed: Committed
  /** Of the event topics: topic by topic, partition by partition, by offset. */
  readonly events: readonly TopicRecord[]
  readonly revocations: readonly TopicRecord[]
  /** Undefined where the service has no such topic. */
  readonly userStates: readonly TopicRecord[] | undefined
}

const userStatesTopic = 'auth.state.users'
const triesMax = 20

/** Reads both until nothing was committed in between: a call whose caller has gone may still be at work. */
export async function readEverything(
  { postgres, kafka }: Pick<World, 'postgres' | 'kafka'>,
  signal: AbortSignal,
): Promise<Everything> {
  return await withClient(postgres.url, async (client) => {
    for (let n = 0; n < triesMax; n += 1) {
      await awaitDrained(postgres.url, new Date(), signal)
      const committed = await readCommitted(client)
      const topics = await readTopics(kafka?.brokers ?? '', 'auth.')
      const { rows } = await client.query('select count(*)::float8 as events from outbox')
      if (rows[0].events !== committed.events.length) continue
      const revocations = topics.get(toRevocationTopic('auth')) ?? []
      topics.delete(toRevocationTopic('auth'))
      const userStates = topics.get(userStatesTopic)
      topics.delete(userStatesTopic)
      return { committed, events: [...topics.values()].flat(), revocations, userStates }
    }
    throw new Error('the service does not come to rest although nobody calls it')
  })
}

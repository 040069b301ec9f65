import { toRevocationTopic } from '@immersiverse/auth-contract'
import type { World } from '../world/world.ts'
import { awaitDrained } from './await-drained.ts'
import type { Committed } from './committed.ts'
import { readCommitted } from './read-committed.ts'
import { readTopics } from './read-topics.ts'
import type { TopicRecord } from './topic-record.ts'
import { withClient } from './with-client.ts'

/** The database and the topics, at one moment. */
export interface Everything {
  readonly committed: Committed
  /** Of the event topics: topic by topic, partition by partition, by offset. */
  readonly events: readonly TopicRecord[]
  readonly revocations: readonly TopicRecord[]
  /** Undefined where the service has no such topic. */
  readonly userStates: readonly TopicRecord[] | undefined
  /** What was not published in time, or goes on although nobody calls; undefined as it should be. */
  readonly unrest: string | undefined
}

const triesMax = 20

/** Reads both until nothing was committed in between: a call whose caller has gone may still be at work. */
export async function readEverything(
  { postgres, kafka }: Pick<World, 'postgres' | 'kafka'>,
  signal: AbortSignal,
): Promise<Everything> {
  return await withClient(postgres.url, async (client) => {
    for (let n = 1; ; n += 1) {
      const undrained = await awaitDrained(postgres.url, new Date(), signal).then(
        () => undefined,
        (error) => String(error),
      )
      const committed = await readCommitted(client)
      const topics = await readTopics(kafka?.brokers ?? '', 'auth.')
      const { rows } = await client.query('select count(*)::float8 as events from outbox')
      const isCalm = rows[0].events === committed.events.length
      if (!isCalm && undrained === undefined && n < triesMax) continue
      const restless = isCalm ? undefined : 'events are committed although nobody calls any more'
      return { ...toParts(topics), committed, unrest: undrained ?? restless }
    }
  })
}

function toParts(topics: Map<string, TopicRecord[]>) {
  const [revocationTopic, statesTopic] = [toRevocationTopic('auth'), 'auth.state.users']
  const [revocations = [], userStates] = [topics.get(revocationTopic), topics.get(statesTopic)]
  topics.delete(revocationTopic)
  topics.delete(statesTopic)
  return { events: [...topics.values()].flat(), revocations, userStates }
}

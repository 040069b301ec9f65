import { toRevocationTopic } from '@immersiverse/auth-contract'
import pg from 'pg'
import type { World } from '../world/world.ts'
import { awaitDrained } from './await-drained.ts'
import type { Committed } from './committed.ts'
import { readCommitted } from './read-committed.ts'
import { readTopics } from './read-topics.ts'
import type { TopicRecord } from './topic-record.ts'

/** The database and the topics, at a moment at which all was published. */
export interface Everything {
  readonly committed: Committed
  /** Of the event topics: topic by topic, partition by partition, by offset. */
  readonly events: readonly TopicRecord[]
  readonly revocations: readonly TopicRecord[]
}

const triesMax = 20

/** Reads both until nothing was committed in between: a call whose caller has gone may still be at work. */
export async function readEverything(
  { postgres, kafka }: Pick<World, 'postgres' | 'kafka'>,
  signal: AbortSignal,
): Promise<Everything> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    for (let n = 0; n < triesMax; n += 1) {
      await awaitDrained(postgres.url, new Date(), signal)
      const committed = await readCommitted(client)
      const topics = await readTopics(kafka?.brokers ?? '', 'auth.events.')
      const { rows } = await client.query('select count(*)::float8 as events from outbox')
      if (rows[0].events !== committed.events.length) continue
      const revocations = topics.get(toRevocationTopic('auth')) ?? []
      topics.delete(toRevocationTopic('auth'))
      return { committed, events: [...topics.values()].flat(), revocations }
    }
  } finally {
    await client.end()
  }
  throw new Error('the service does not come to rest although nobody calls it')
}

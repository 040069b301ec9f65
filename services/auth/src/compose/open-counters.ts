import type { Config } from '../config.ts'
import type { Counters } from '../domain/counter.ts'
import { makeDatabaseCounters } from '../security/database-counters.ts'
import { openSharedCounters } from '../security/open-shared-counters.ts'
import type { DepsParts } from './make-deps.ts'

/** The counters of attempts: in Redis where one is configured, else in the database; `stack` closes them. */
export async function openCounters(
  { REDIS_URL: url }: Config,
  { clock, database, log, onRedis }: DepsParts,
  stack: AsyncDisposableStack,
): Promise<Counters> {
  if (url === undefined) return makeDatabaseCounters(database)
  const counters = await openSharedCounters({
    url,
    clock,
    onAnswering: (isAnswering, err) => {
      onRedis?.(isAnswering)
      if (isAnswering) log.info({}, 'Redis counts attempts again')
      else log.error({ err }, 'Redis does not answer: this instance counts attempts by itself')
    },
  })
  stack.defer(() => counters.close())
  return counters
}

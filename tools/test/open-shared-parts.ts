import type { PartMissing } from '../parts/part-missing.ts'
import { type SharedKafka, sharedKafka } from '../parts/shared-kafka.ts'
import { type SharedPostgres, sharedPostgres } from '../parts/shared-postgres.ts'
import type { PartName } from './find-needed-parts.ts'

/**
 * Starts the parts that are `needed` at the same time, and puts where they are, or why they are not, into
 * `process.env` for the test processes. Disposing of the answer ends what was started here.
 */
export async function openSharedParts(needed: ReadonlySet<PartName>): Promise<AsyncDisposable> {
  const [postgres, kafka] = await Promise.all([
    needed.has('postgres') ? sharedPostgres() : undefined,
    needed.has('kafka') ? sharedKafka() : undefined,
  ])
  if (postgres !== undefined) tellPostgres(postgres)
  if (kafka !== undefined) tellKafka(kafka)
  const opened: object[] = [postgres, kafka].filter((part) => part !== undefined)
  const started = opened.filter(isOurs)
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((part) => part[Symbol.asyncDispose]()))
    },
  }
}

// A part that somebody else runs and told us about has nothing to dispose of.
function isOurs(part: object): part is AsyncDisposable {
  return Symbol.asyncDispose in part
}

function tellPostgres(part: SharedPostgres | PartMissing): void {
  if ('skipReason' in part) process.env.TEST_DATABASE_SKIP_REASON = part.skipReason
  else process.env.TEST_DATABASE_URL = part.url
}

function tellKafka(part: SharedKafka | PartMissing): void {
  if ('skipReason' in part) process.env.TEST_KAFKA_SKIP_REASON = part.skipReason
  else process.env.TEST_KAFKA_BROKERS = part.brokers
}

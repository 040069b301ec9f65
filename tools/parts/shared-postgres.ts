import { openPostgres } from './open-postgres.ts'
import { type PartMissing, toPartMissing } from './part-missing.ts'

/** The PostgreSQL server that a test run shares; its user may create databases. */
export interface SharedPostgres {
  readonly url: string
}

let shared: Promise<SharedPostgres | PartMissing> | undefined

/**
 * The PostgreSQL of TEST_DATABASE_URL; where there is none, one that this process starts once and that goes with it.
 * TEST_DATABASE_SKIP_REASON says that it is known to be missing.
 */
export function sharedPostgres(environment = process.env): Promise<SharedPostgres | PartMissing> {
  const { TEST_DATABASE_URL: url, TEST_DATABASE_SKIP_REASON: skipReason } = environment
  if (url !== undefined && url !== '') return Promise.resolve({ url })
  if (skipReason !== undefined && skipReason !== '') return Promise.resolve({ skipReason })
  shared ??= openPostgres().catch((error) => toPartMissing('PostgreSQL', error))
  return shared
}

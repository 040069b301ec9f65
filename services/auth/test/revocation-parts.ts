import type { TestContext } from 'node:test'
import { toRevocationTopic } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import type { FollowOptions, SourceName } from './follow-revocations.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'

/** A service, and where its revocations are read. */
export interface RevocationParts {
  readonly auth: TestAuth
  /** For `follow`. */
  readonly from: FollowOptions
  readonly topic: string
  readonly brokers: string
}

/** The service on PostgreSQL, with Kafka where the source is that; undefined, and the test skipped, where a part is missing. */
export async function openRevocationParts(
  t: TestContext,
  source: SourceName,
  wishes: Readonly<Record<string, string>> = {},
): Promise<RevocationParts | undefined> {
  const database = await openTestDatabase(t)
  const kafka = source === 'kafka' ? await requireTestKafka(t) : { brokers: undefined }
  if (database === undefined || kafka === undefined) return undefined
  const topicPrefix = toUniqueName('t')
  const { brokers } = kafka
  const settings = brokers === undefined ? {} : { KAFKA_BROKERS: brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const environment = { ...settings, ...wishes }
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  const from = { clients: auth, ...(brokers === undefined ? {} : { brokers, topicPrefix }) }
  return { auth, from, topic: toRevocationTopic(topicPrefix), brokers: brokers ?? '' }
}

/** Ends the leader's session, so that another term begins. */
export async function endTerm({ database }: TestAuth): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and objid = 3 and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(
    database.kysely,
  )
}

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { until } from '../src/store/outbox-testing.ts'
import { type FollowOptions, follow, logOut, logOutNew, type SourceName } from './follow-revocations.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'

/** The service on PostgreSQL, with Kafka where the source is that. */
async function openParts(
  t: TestContext,
  source: SourceName,
): Promise<{ auth: TestAuth; from: FollowOptions } | undefined> {
  const database = await openTestDatabase(t)
  const kafka = source === 'kafka' ? await requireTestKafka(t) : { brokers: undefined }
  if (database === undefined || kafka === undefined) return undefined
  const topicPrefix = toUniqueName('t')
  const { brokers } = kafka
  const environment = brokers === undefined ? {} : { KAFKA_BROKERS: brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  const from = { clients: auth, ...(brokers === undefined ? {} : { brokers, topicPrefix }) }
  return { auth, from }
}

/** Ends the leader's session, so that another term begins. */
async function endTerm({ database }: TestAuth): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and objid = 3 and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(
    database.kysely,
  )
}

for (const source of ['watch', 'kafka'] as const) {
  const each = (
    title: string,
    body: (t: TestContext, auth: TestAuth, from: FollowOptions) => Promise<void>,
  ) =>
    test(`${source}: ${title}`, async (t) => {
      const parts = await openParts(t, source)
      if (parts) await body(t, parts.auth, parts.from)
    })

  each('what was revoked before is there when FRESH is first said', async (t, auth, from) => {
    const before = await Promise.all(Array.from({ length: 20 }, () => logOutNew(auth)))
    const followed = follow(t, from)
    await followed.untilFresh()
    assert.ok(before.every(({ sessionId }) => followed.isRevoked(sessionId)))
    assert.equal(followed.follower.status().rseq, 20)
    assert.deepEqual(followed.doubts, [])
  })

  each('a revocation comes by the stream, and an unrevoked session is not revoked', async (t, auth, from) => {
    const followed = follow(t, from)
    await followed.untilFresh()
    const other = await auth.logIn(await auth.signUp())
    for (let n = 0; n < 10; n += 1) {
      const { sessionId } = await logOutNew(auth)
      await followed.untilRevoked(sessionId)
    }
    assert.equal(followed.isRevoked(other.sessionId), false)
    assert.deepEqual(followed.doubts, [])
    assert.equal(followed.snapshots(), 1)
  })

  each(
    'R5: whatever is revoked during the bootstrap is in R when FRESH is first said',
    async (t, auth, from) => {
      const person = await auth.signUp()
      const sessions = await Promise.all(Array.from({ length: 300 }, () => auth.logIn(person)))
      const acknowledged: Awaited<ReturnType<typeof logOut>>[] = []
      const revoking = (async () => {
        for (const session of sessions) acknowledged.push(await logOut(auth, session))
      })()
      for (let n = 0; n < 12 && acknowledged.length < sessions.length; n += 1) {
        const followed = follow(t, from)
        await followed.untilFresh()
        const { ageMs = 0 } = followed.follower.status()
        const covered = performance.now() - ageMs
        const missing = acknowledged.filter(
          ({ answeredAtMs, sessionId }) => answeredAtMs < covered && !followed.isRevoked(sessionId),
        )
        assert.deepEqual(missing, [], `follower ${n}`)
      }
      await revoking
    },
  )

  each(
    'a number that is missing is a gap: everything is read anew, and nothing is lost',
    async (t, auth, from) => {
      const followed = follow(t, from)
      await followed.untilFresh()
      await sql`update lanes set last_pub_seq = last_pub_seq + 1 where lane = 1`.execute(auth.database.kysely)
      const { sessionId } = await logOutNew(auth)
      await followed.untilRevoked(sessionId)
      await followed.untilFresh()
      assert.ok(followed.doubts.length > 0)
      assert.ok(followed.snapshots() > 1)
      const next = await logOutNew(auth)
      await followed.untilRevoked(next.sessionId)
      await followed.untilFresh()
    },
  )

  each('another epoch begins with everything read anew', async (t, auth, from) => {
    const followed = follow(t, from)
    await followed.untilFresh()
    const { epoch } = followed.follower.status()
    await sql`update epoch set timeline = timeline - 1`.execute(auth.database.kysely)
    await endTerm(auth)
    await until(() => followed.follower.status().epoch !== epoch)
    await followed.untilFresh()
    assert.ok(followed.doubts.length > 0)
    const { sessionId } = await logOutNew(auth)
    await followed.untilRevoked(sessionId)
    const late = follow(t, from)
    await late.untilFresh()
    assert.ok(late.isRevoked(sessionId))
    assert.equal(late.follower.epoch, followed.follower.epoch)
  })

  each('a new term goes on where the last one ended', async (t, auth, from) => {
    const followed = follow(t, from)
    await followed.untilFresh()
    const { term = 0 } = followed.follower.status()
    const before = await logOutNew(auth)
    await endTerm(auth)
    const { sessionId } = await logOutNew(auth)
    await followed.untilRevoked(sessionId)
    await until(() => (followed.follower.status().term ?? 0) > term)
    await followed.untilFresh()
    assert.ok(followed.isRevoked(before.sessionId))
    assert.deepEqual(followed.doubts, [])
  })
}

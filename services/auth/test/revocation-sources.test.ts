import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { until } from '../src/store/outbox-testing.ts'
import { type FollowOptions, follow, logOut, logOutNew } from './follow-revocations.ts'
import type { TestAuth } from './open-test-auth.ts'
import { endTerm, openRevocationParts } from './revocation-parts.ts'

for (const source of ['watch', 'kafka'] as const) {
  const each = (
    title: string,
    body: (t: TestContext, auth: TestAuth, from: FollowOptions) => Promise<void>,
  ) =>
    test(`${source}: ${title}`, async (t) => {
      const parts = await openRevocationParts(t, source)
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
    const snapshots = followed.snapshots()
    const other = await auth.logIn(await auth.signUp())
    for (let n = 0; n < 10; n += 1) {
      const { sessionId } = await logOutNew(auth)
      await followed.untilRevoked(sessionId)
    }
    assert.equal(followed.isRevoked(other.sessionId), false)
    assert.deepEqual(followed.doubts, [])
    assert.equal(followed.snapshots(), snapshots)
  })

  each(
    'R5: whatever is revoked during the bootstrap is in R when FRESH is first said',
    async (t, auth, from) => {
      const sessions: Awaited<ReturnType<TestAuth['logIn']>>[] = []
      // Few at once: all that is slow here is beside the point.
      for (let n = 0; n < 20; n += 1) {
        const person = await auth.signUp()
        sessions.push(...(await Promise.all(Array.from({ length: 8 }, () => auth.logIn(person)))))
      }
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
      const snapshots = followed.snapshots()
      await sql`update lanes set last_pub_seq = last_pub_seq + 1 where lane = 1`.execute(auth.database.kysely)
      const { sessionId } = await logOutNew(auth)
      await followed.untilRevoked(sessionId)
      await followed.untilFresh()
      assert.ok(followed.doubts.length > 0)
      assert.ok(followed.snapshots() > snapshots)
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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toRevocationTopic } from '@immersiverse/auth-contract'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { requireTestKafka } from '../../../tools/parts/test-kafka.ts'
import { openTestPool, until } from '../src/store/outbox-testing.ts'
import { getDatabaseTime } from '../src/store/revocations.ts'
import { type Followed, follow, logOutNew } from './follow-revocations.ts'
import { connect, toUniqueName } from './open-test-auth.ts'
import { readRevocationRecords } from './revocation-records.ts'
import { type ServingProcess, startAuthProcess } from './start-auth-process.ts'

/** The highest term that a process has begun on the lane of revocations; 0 before its first. */
function toTerm({ lines }: ServingProcess): number {
  const terms = lines.filter(({ msg, lane }) => msg === 'leads the lane' && lane === 'revocations')
  return Math.max(0, ...terms.map(({ term }) => Number(term)))
}

test('O8 O9 with two processes: a leader that is stopped is followed by the other, and does no harm when it wakes', {
  timeout: 180_000,
}, async (t) => {
  const [empty, kafka] = [await openTestDatabase(t), await requireTestKafka(t)]
  if (empty === undefined || kafka === undefined) return
  const topicPrefix = toUniqueName('t')
  const environment = {
    DATABASE_URL: empty.url,
    KAFKA_BROKERS: kafka.brokers,
    AUTH_TOPIC_PREFIX: topicPrefix,
  }
  const processes = [
    await startAuthProcess(environment, './cheap-main.ts'),
    await startAuthProcess(environment, './cheap-main.ts'),
  ]
  const replicas = processes.map(({ address }) => connect(address))
  t.after(async () => {
    for (const replica of replicas) replica.close()
    await Promise.all(processes.map((one) => one.kill('SIGKILL')))
  })
  const database = openTestPool(t, empty.url)
  const acknowledged = new Map<string, Date>()
  const takeoversMs: number[] = []
  const refusedMs: number[] = []
  let followed: Followed | undefined
  for (let round = 0; round < 3; round += 1) {
    await until(() => processes.some((one) => toTerm(one) > round))
    const leader = processes.findIndex((one) => toTerm(one) === Math.max(...processes.map(toTerm)))
    const [old, other] = [processes[leader], replicas[1 - leader]]
    assert.ok(old && other)
    // The follower asks the one that goes on.
    followed = follow(t, { clients: other, brokers: kafka.brokers, topicPrefix })
    const revoke = async () => {
      const { sessionId, answeredAtMs } = await logOutNew(other)
      acknowledged.set(sessionId, await getDatabaseTime(database.kysely))
      return { sessionId, answeredAtMs }
    }
    await followed.untilFresh()
    const { term = 0 } = followed.follower.status()
    await revoke()
    process.kill(old.pid, 'SIGSTOP')
    const stoppedAt = performance.now()
    const { sessionId, answeredAtMs } = await revoke()
    await followed.untilRevoked(sessionId)
    refusedMs.push(Math.round(performance.now() - answeredAtMs))
    await until(() => (followed?.follower.status().term ?? 0) > term)
    takeoversMs.push(Math.round(performance.now() - stoppedAt))
    for (let n = 0; n < 5; n += 1) await revoke()
    process.kill(old.pid, 'SIGCONT')
    for (let n = 0; n < 20; n += 1) {
      const next = await revoke()
      await followed.untilRevoked(next.sessionId)
    }
    await followed.untilFresh()
    assert.deepEqual(followed.doubts, [])
  }
  const last = await getDatabaseTime(database.kysely)
  const read = () => readRevocationRecords(kafka.brokers, toRevocationTopic(topicPrefix))
  await until(async () => (await read()).some(({ heartbeat }) => heartbeat && heartbeat.asOf > last))
  const records = await read()
  const seen = new Map<string, number>()
  let rseq = 0
  let late = 0
  let newest = 0
  for (const { heartbeat, revocation } of records) {
    if (revocation) {
      assert.ok(revocation.rseq <= rseq + 1, `${revocation.rseq} after ${rseq}`)
      rseq = Math.max(rseq, revocation.rseq)
      seen.set(revocation.subject, revocation.rseq)
    }
    if (!heartbeat) continue
    if (heartbeat.term < newest) late += 1
    newest = Math.max(newest, heartbeat.term)
    for (const [sessionId, at] of acknowledged) {
      if (at > heartbeat.asOf) continue
      assert.ok((seen.get(sessionId) ?? Number.NaN) <= heartbeat.rseqHi, 'O8: before as_of, and not there')
    }
  }
  assert.equal(rseq, acknowledged.size)
  t.diagnostic(
    `takeovers after ${takeoversMs.join(', ')} ms, the revocation meanwhile in R after ${refusedMs.join(', ')} ms; ` +
      `${records.length} records, ${late} heartbeats of older terms`,
  )
})

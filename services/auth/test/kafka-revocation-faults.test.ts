import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { freePort } from '../../../tools/parts/free-port.ts'
import { openKafka } from '../../../tools/parts/open-kafka.ts'
import { type PartMissing, toPartMissing } from '../../../tools/parts/part-missing.ts'
import { openTcpProxy } from '../../../tools/parts/tcp-proxy.ts'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { until } from '../src/store/outbox-testing.ts'
import { follow, logOutNew } from './follow-revocations.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'

// A broker of its own, reached through a proxy by service and readers alike: these tests stop it and cut the way to it.
const started = await openProxied().catch((error): PartMissing => toPartMissing('Kafka', error))
after(async () => {
  if ('skipReason' in started) return
  await started.proxy.close()
  await started.kafka.close()
})

async function openProxied() {
  const port = await freePort()
  const proxy = await openTcpProxy({ port })
  const brokers = `127.0.0.1:${proxy.port}`
  const settings = { 'advertised.listeners': `PLAINTEXT://${brokers}` }
  return { proxy, brokers, kafka: await openKafka({ port, settings }) }
}

const maxStalenessMs = 1500

/** A service, one follower over Kafka and one over WatchRevocations, both FRESH. */
async function openParts(t: TestContext) {
  if ('skipReason' in started) return void t.skip(started.skipReason)
  const database = await openTestDatabase(t)
  if (database === undefined) return undefined
  const { brokers } = started
  const topicPrefix = toUniqueName('t')
  const environment = { KAFKA_BROKERS: brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const auth = await openTestAuth({ databaseUrl: database.url, environment })
  t.after(() => auth.close())
  const kafka = follow(t, { clients: auth, brokers, topicPrefix, maxStalenessMs })
  const watch = follow(t, { clients: auth, maxStalenessMs })
  await Promise.all([kafka.untilFresh(), watch.untilFresh()])
  return { auth, kafka, watch, parts: started }
}

async function readGauge({ service }: TestAuth, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.adminPort}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

for (const fault of ['stop', 'reset', 'silent'] as const) {
  test(`${fault}: with the broker away revoking goes on and WatchRevocations too; readers of Kafka say STALE within S and are FRESH again`, {
    timeout: 120_000,
  }, async (t) => {
    const opened = await openParts(t)
    if (!opened) return
    const { auth, kafka, watch, parts } = opened
    const before = await logOutNew(auth)
    await kafka.untilRevoked(before.sessionId)
    assert.equal(await readGauge(auth, 'auth_revocation_broker_up'), 1)
    const publishedAt = await readGauge(auth, 'auth_revocation_published_timestamp_seconds')
    assert.ok(Math.abs(publishedAt - Date.now() / 1000) < 30)
    if (fault === 'stop') await parts.kafka.stop()
    else parts.proxy.cut(fault)
    const cutAt = performance.now()
    // A heartbeat may have been on its way; from its own time on, no older than S is FRESH.
    await until(() => kafka.follower.status().state !== 'FRESH')
    const staleAfterMs = Math.round(performance.now() - cutAt)
    assert.ok(staleAfterMs < maxStalenessMs + 1000, `STALE after ${staleAfterMs} ms`)
    const during = await Promise.all(Array.from({ length: 10 }, () => logOutNew(auth)))
    for (const { sessionId } of during) await watch.untilRevoked(sessionId)
    await watch.untilFresh()
    await until(async () => (await readGauge(auth, 'auth_revocation_broker_up')) === 0)
    assert.notEqual(kafka.follower.status().state, 'FRESH')
    assert.ok(during.every(({ sessionId }) => !kafka.isRevoked(sessionId)))
    if (fault === 'stop') await parts.kafka.start()
    else parts.proxy.heal()
    const healedAt = performance.now()
    await kafka.untilFresh()
    t.diagnostic(
      `STALE after ${staleAfterMs} ms, FRESH ${Math.round(performance.now() - healedAt)} ms after the broker was back`,
    )
    assert.ok([before, ...during].every(({ sessionId }) => kafka.isRevoked(sessionId)))
    const { sessionId } = await logOutNew(auth)
    await kafka.untilRevoked(sessionId)
    assert.deepEqual(kafka.doubts, [])
  })
}

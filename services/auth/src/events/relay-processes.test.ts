import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { toTopic } from '@immersiverse/auth-contract'
import { requireTestKafka } from '../../../../tools/parts/test-kafka.ts'
import { lanes, notifyLane } from '../store/lanes.ts'
import {
  insertTestUser,
  listOutbox,
  makeTestWrite,
  openTestPostgres,
  origin,
  toLoginSucceeded,
  toUserUpdated,
  until,
} from '../store/outbox-testing.ts'
import { assertRecords, readTopics } from './kafka-testing.ts'

const program = fileURLToPath(new URL('relay-process.ts', import.meta.url))

interface RelayProcess {
  readonly child: ChildProcess
  readonly terms: number[]
}

function startRelayProcess(t: TestContext, args: string[]): RelayProcess {
  const child = spawn(process.execPath, ['--conditions=source', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const terms: number[] = []
  if (child.stdout) {
    createInterface(child.stdout).on('line', (line) => {
      const { term } = JSON.parse(line)
      if (term) terms.push(term)
    })
  }
  return { child, terms }
}

test('O2 O3 O4 O5 O7 O9 hold when leaders are frozen, wake late, and are killed', {
  timeout: 120_000,
}, async (t) => {
  const [kafka, opened] = [await requireTestKafka(t), await openTestPostgres(t)]
  if (!kafka || !opened) return
  const { database, url } = opened
  const topicPrefix = `t${randomBytes(4).toString('hex')}`
  const start = () => startRelayProcess(t, [url, kafka.brokers, topicPrefix])
  const relays = [start(), start(), start()]
  const findLeader = async (above: number) => {
    await until(() => relays.some(({ terms }) => (terms.at(-1) ?? 0) > above), 30_000)
    const term = Math.max(...relays.map(({ terms }) => terms.at(-1) ?? 0))
    const leader = relays.find(({ terms }) => terms.at(-1) === term) ?? assert.fail()
    return { ...leader, term }
  }
  let isFaulty = true
  const takeoversMs: number[] = []
  const faults = (async () => {
    let { child, term } = await findLeader(0)
    for (const fault of ['SIGSTOP', 'SIGKILL', 'SIGSTOP', 'SIGSTOP'] as const) {
      await sleep(500)
      child.kill(fault)
      const began = performance.now()
      const frozen = child
      ;({ child, term } = await findLeader(term))
      takeoversMs.push(Math.round(performance.now() - began))
      await sleep(500)
      if (fault === 'SIGSTOP') frozen.kill('SIGCONT')
      else relays.push(start())
    }
    isFaulty = false
  })()
  const users = await Promise.all(Array.from({ length: 10 }, () => insertTestUser(database)))
  const write = makeTestWrite(database)
  while (isFaulty) {
    await Promise.all(
      users.map((userId, n) =>
        write(origin, (_trx, announce) => announce((n % 2 ? toLoginSucceeded : toUserUpdated)(userId))),
      ),
    )
    await notifyLane(database.kysely, lanes.events)
    await sleep(20)
  }
  await faults
  await until(async () => (await listOutbox(database)).every((row) => row.published_at !== null), 60_000)
  const rows = await listOutbox(database)
  assert.deepEqual(
    rows.map((row) => row.pub_seq ?? 0).sort((a, b) => a - b),
    rows.map((_, at) => at + 1),
  )
  const topics = [toTopic('login_succeeded', topicPrefix), toTopic('user_updated', topicPrefix)]
  const received = await readTopics(kafka.brokers, topics)
  t.diagnostic(
    `${rows.length} events, ${received.length} records, takeovers after ${takeoversMs.join(', ')} ms`,
  )
  assertRecords(received, new Map(rows.map((row) => [row.id, Buffer.from(row.data).toString()])))
  assert.ok(Math.max(...takeoversMs) < 5000, `takeovers took ${takeoversMs} ms`)
})

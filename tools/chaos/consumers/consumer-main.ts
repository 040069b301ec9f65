import { writeSync } from 'node:fs'
import { connectAuth, DeadLetterError, type EventInfo, makePostgresInbox } from '@immersiverse/auth-client'
import pg from 'pg'
import {
  type ConsumerArguments,
  consumedNames,
  type FromConsumer,
  type HandlerPoint,
  poisons,
  type ToConsumer,
} from './consumer-messages.ts'
import { consumerVariants } from './consumer-variants.ts'

/*
 * A service that lives on events, as other teams' services do: every event becomes a row and a count of its user, in one transaction with
 * the inbox. Now and then a handler fails, as handlers do.
 */
const options = JSON.parse(process.argv[2] ?? '{}') as ConsumerArguments
const { address, databaseUrl, group, groupProtocol, sessionTimeoutMs, variant } = options
const failingShare = 0.01

const pool = new pg.Pool({
  connectionString: databaseUrl,
  max: 8,
  // A process that stands still with a transaction open would keep its events from those who have taken over.
  idle_in_transaction_session_timeout: 1_000,
})
pool.on('error', () => undefined)
const inbox = makePostgresInbox({ group })
let stopAt: HandlerPoint | undefined

process.on('message', (message: ToConsumer) => {
  stopAt = message.stopAt
})
process.on('disconnect', () => process.exit())

const log = (level: string) => (facts: object, message: string) => {
  const err = String((facts as { err?: unknown }).err ?? '')
  const fields = { level, message, ...facts, err }
  writeSync(1, `${JSON.stringify(fields, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`)
}
const auth = await connectAuth({
  address,
  verification: 'remote',
  kafka: { brokers: options.brokers },
  logger: { warn: log('warn'), error: log('error') },
})
const events = auth.events({
  group,
  groupProtocol,
  sessionTimeoutMs,
  retry: { attempts: 5, firstMs: 10, maxMs: 200 },
  onGap: ({ topic, key, userSequence }, after) =>
    say({ gap: `${topic} ${key}: ${userSequence} after ${after}` }),
  onError: (error) => say({ failed: String(error) }),
})
for (const name of consumedNames) {
  events.on(name, async (data: object, info) => {
    await handle('displayName' in data ? String(data.displayName) : '', info)
  })
}
const subscription = events.start()
const telling = setInterval(tellCounts, 200)
process.once('SIGTERM', async () => {
  await auth.close()
  await pool.end()
  clearInterval(telling)
  tellCounts()
  process.exit()
})
console.log('consumes')

async function handle(name: string, info: EventInfo): Promise<void> {
  stopHere('begun')
  const [refused, failing] = poisons
  if (name === refused) throw new DeadLetterError('this is never handled')
  if (name === failing || Math.random() < failingShare) throw new Error('this fails')
  const isFirst = await consumerVariants[variant]({ pool, inbox }, info, async (client) => {
    stopHere('marked')
    await client.query('insert into effects (consumer, event_id, topic, user_id) values ($1, $2, $3, $4)', [
      group,
      info.eventId,
      info.topic,
      info.key,
    ])
    await client.query(
      `insert into counts as c (consumer, user_id, events) values ($1, $2, 1)
       on conflict (consumer, user_id) do update set events = c.events + 1`,
      [group, info.key],
    )
    stopHere('written')
  })
  stopHere('committed')
  if (!isFirst) say({ absorbed: 1 })
}

/** Stands still where it is told to, as a process is when the kill arrives at this very point. */
function stopHere(point: HandlerPoint): void {
  if (stopAt !== point) return
  say({ stoppedAt: point })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function tellCounts(): void {
  const { duplicates, failures } = subscription.status()
  say({ counts: { duplicates, failures } })
}

function say(message: FromConsumer): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

import { toTopic } from '@immersiverse/auth-contract'
import { Admin, Producer } from '@platformatic/kafka'
import { openKafka } from '../../../../tools/parts/open-kafka.ts'
import { encodeData, makeAttributes } from '../test/make-record.ts'
import { makeEvents } from './make-events.ts'

const k = await openKafka()
const o = { clientId: 't', bootstrapBrokers: [k.brokers] }
const admin = new Admin(o)
await admin.createTopics({
  topics: ['user_updated', 'user_created'].map((n) => toTopic(n as 'user_updated')),
  partitions: 4,
  replicas: 1,
})
let n = 0
async function send(c: number) {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>(o)
  for (let i = 0; i < c; i++) {
    n++
    const { traceparent = '', ...a } = makeAttributes('user_updated', { sequence: n, key: 'u' })
    const headers = new Map(Object.entries(a).map(([kk, v]) => [Buffer.from('ce_' + kk), Buffer.from(v)]))
    headers.set(Buffer.from('content-type'), Buffer.from('application/json'))
    await producer.send({
      messages: [
        {
          topic: toTopic('user_updated'),
          key: Buffer.from('u'),
          value: encodeData('user_updated', { key: 'u' }),
          headers,
        },
      ],
    })
  }
  await producer.close()
}
const t0 = Date.now()
const log = (...x: unknown[]) => console.log(((Date.now() - t0) / 1000).toFixed(1), ...x)
process.on('unhandledRejection', (e) => log('UNHANDLED', e))
process.on('uncaughtException', (e) => log('UNCAUGHT', e))
const seen: bigint[] = []
const sub = makeEvents(
  {
    kafka: { brokers: [k.brokers] },
    logger: {
      warn: (f, m) => log('warn', m, (f as { err?: Error }).err?.message),
      error: (f, m) => log('error', m, f),
    },
    running: new Set(),
    watch: {} as never,
  },
  { group: 'g' },
)
  .on('user_updated', (_d, i) => seen.push(i.userSequence ?? 0n))
  .on('user_created', () => 0)
  .start()
const until = async (c: number) => {
  const e = Date.now() + 90_000
  while (new Set(seen).size < c && Date.now() < e) await new Promise((r) => setTimeout(r, 50))
  log('seen', seen.length, new Set(seen).size, sub.status().state)
}
await send(10)
await until(10)
log('stop')
await k.stop()
await new Promise((r) => setTimeout(r, 5000))
await k.start()
log('started')
await send(10)
await until(20)
log('kill')
await k.kill()
await k.start()
log('started')
await send(10)
await until(30)
log('pause 40 s')
await k.pause()
await new Promise((r) => setTimeout(r, 40000))
k.resume()
log('resumed')
await send(10)
await until(40)
log('close')
await sub.close()
log('closed')
await admin.close()
await k.close()

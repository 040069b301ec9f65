import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { makeTopics } from './kafka-topics.ts'
import { silentLog } from './testing.ts'

test('a broker that resets connections while SASL begins fails the call and leaves the process alone', async (t) => {
  let asked = 0
  const broker = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      asked += 1
      socket.resetAndDestroy()
    })
  })
  broker.listen(0, '127.0.0.1')
  await once(broker, 'listening')
  t.after(() => broker.close())
  const { port } = broker.address() as AddressInfo
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'auth', password: 'x' } as const
  const connection = { brokers: [`127.0.0.1:${port}`], sasl }
  // What nobody listens to ends the process, and here the test.
  await assert.rejects(makeTopics(['t'], 1, { connection, retentionMs: 1_000, log: silentLog }))
  assert.ok(asked > 0)
})

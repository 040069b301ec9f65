import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { openByFetchConsumer } from './fetch-consumer.ts'

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
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'chat', password: 'x' } as const
  const kafka = { brokers: [`127.0.0.1:${port}`], sasl }
  const { signal } = new AbortController()
  // What nobody listens to ends the process, and here the test.
  const opened = openByFetchConsumer(kafka, 'test', signal, (consumer) =>
    consumer.metadata({ topics: ['t'] }),
  )
  await assert.rejects(opened)
  assert.ok(asked > 0)
})

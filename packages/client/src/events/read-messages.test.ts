import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type KafkaConsumer, readMessages } from './read-messages.ts'

/** Kafka's client, whose group says what a test wants, and whose streams never end by themselves. */
function makeConsumer() {
  const emitter = new EventEmitter()
  const streams: Readable[] = []
  const consume = async () => {
    const stream = new Readable({ objectMode: true, read: () => undefined })
    streams.push(stream)
    return stream
  }
  return { emitter, streams, consumer: Object.assign(emitter, { consume }) as unknown as KafkaConsumer }
}

const read = (consumer: KafkaConsumer, signal = new AbortController().signal) =>
  readMessages(consumer, { topics: ['t'], from: 'beginning', signal })[Symbol.asyncIterator]()

test('a consumer that the group has forgotten is dead at once, for it would go on reading what others read', async () => {
  const { emitter, streams, consumer } = makeConsumer()
  const first = read(consumer)
  const message = first.next()
  await new Promise(setImmediate)
  streams[0]?.push('a message')
  assert.equal((await message).value, 'a message')
  const next = first.next()
  emitter.emit('consumer:heartbeat:error', { error: new Error('a network that is slow') })
  const forgotten = Object.assign(new Error('the brokers say'), { errors: [{ apiId: 'UNKNOWN_MEMBER_ID' }] })
  emitter.emit('consumer:heartbeat:error', { error: forgotten })
  await assert.rejects(next, forgotten)
  assert.ok(streams[0]?.destroyed)
})

test('every generation has a stream of its own; the one before is closed', async () => {
  const { emitter, streams, consumer } = makeConsumer()
  const stop = new AbortController()
  const messages = read(consumer, stop.signal)
  const next = messages.next()
  await new Promise(setImmediate)
  emitter.emit('consumer:group:join')
  await new Promise(setImmediate)
  assert.ok(streams[0]?.destroyed)
  streams[1]?.push('a message')
  assert.equal((await next).value, 'a message')
  stop.abort()
  assert.equal((await messages.next()).done, true)
  assert.ok(streams[1]?.destroyed)
})

test('a generation that begins while the consumer closes leaves no stream behind', async () => {
  const { emitter, streams, consumer } = makeConsumer()
  const stop = new AbortController()
  const next = read(consumer, stop.signal).next()
  await new Promise(setImmediate)
  emitter.emit('consumer:group:join')
  stop.abort()
  assert.equal((await next).done, true)
  await new Promise(setImmediate)
  for (const stream of streams) assert.ok(stream.destroyed)
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { connectAuth } from '../connect-auth.ts'
import { encodeData, makeAttributes } from '../test/make-record.ts'
import { type AuthServer, startAuthServer } from '../test/start-auth-server.ts'
import { waitUntil } from '../test/wait-until.ts'
import type { EventsOptions } from './make-events.ts'

function makePosition(saved?: string) {
  return {
    saved,
    load: async function (this: { saved: string | undefined }) {
      return this.saved
    },
    save: async function (this: { saved: string | undefined }, position: string) {
      this.saved = position
    },
  }
}

async function connect(t: TestContext) {
  const server = await startAuthServer()
  const logger = { warn: () => undefined, error: () => undefined }
  const auth = await connectAuth({ address: server.address, verification: 'remote', logger })
  t.after(async () => {
    await auth.close()
    server.stop()
  })
  return { server, auth }
}

function sendEvent(stream: AuthServer['watches'][number], sequence: number): void {
  const attributes = makeAttributes('user_created', { sequence })
  const data = encodeData('user_created', {})
  const event = {
    position: `p${sequence}`,
    topic: 'auth.events.user_created',
    key: 'u1',
    attributes,
    contentType: 'application/json',
    data,
  }
  stream.write({ item: { case: 'event', value: event } })
}

test('events are handled from the saved position on, and the position is saved after each', async (t) => {
  const { server, auth } = await connect(t)
  const position = makePosition('p4')
  server.onWatch = (stream) => {
    sendEvent(stream, 5)
    sendEvent(stream, 6)
  }
  const seen: unknown[] = []
  const events = auth.events({ group: 'g', position })
  events.on('user_created', (data, { userSequence, origin }) =>
    seen.push([data.userId, userSequence, position.saved, origin]),
  )
  const subscription = events.start()
  await waitUntil('both saved', () => position.saved === 'p6')
  assert.deepEqual(server.watches[0]?.request.topics, ['auth.events.user_created'])
  assert.equal(server.watches[0]?.request.afterPosition, 'p4')
  assert.deepEqual(seen, [
    ['u1', 5n, 'p4', { position: 'p5' }],
    ['u1', 6n, 'p5', { position: 'p6' }],
  ])
  assert.equal(subscription.status().handled, 2)
})

test('a broken stream is resumed after the last event handled, heartbeats move the position', async (t) => {
  const { server, auth } = await connect(t)
  const position = makePosition()
  server.onWatch = (stream) => {
    if (stream.request.afterPosition === '') sendEvent(stream, 1)
    else if (stream.request.afterPosition === 'p1')
      stream.write({ item: { case: 'heartbeat', value: { position: 'p3' } } })
    else return sendEvent(stream, 4)
    setImmediate(() => stream.emit('error', { code: status.UNAVAILABLE, details: 'restarting' }))
  }
  const seen: unknown[] = []
  auth
    .events({ group: 'g', position })
    .on('user_created', (_data, { userSequence }) => seen.push(userSequence))
    .start()
  await waitUntil('the event behind two breaks', () => position.saved === 'p4')
  assert.deepEqual(
    server.watches.map((stream) => stream.request.afterPosition),
    ['', 'p1', 'p3'],
  )
  assert.deepEqual(seen, [1n, 4n])
})

test('a position that the service does not know stops the consumer', async (t) => {
  const { server, auth } = await connect(t)
  server.onWatch = (stream) => stream.emit('error', { code: status.INVALID_ARGUMENT, details: 'position' })
  const failed = Promise.withResolvers<unknown>()
  const options: EventsOptions = { group: 'g', position: makePosition('x'), onError: failed.resolve }
  const subscription = auth
    .events(options)
    .on('user_created', () => undefined)
    .start()
  assert.equal(((await failed.promise) as { code: string }).code, 'INVALID_ARGUMENT')
  assert.equal(subscription.status().state, 'failed')
})

test('a store that fails is asked again', async (t) => {
  const { server, auth } = await connect(t)
  server.onWatch = (stream) => sendEvent(stream, 1)
  const position = makePosition()
  let failures = 2
  const failSometimes = () => {
    if (failures-- > 0) throw new Error('disk')
  }
  const store = {
    load: () => failSometimes() ?? undefined,
    save: (next: string) => failSometimes() ?? position.save(next),
  }
  auth
    .events({ group: 'g', position: store })
    .on('user_created', () => {
      failures = 1
    })
    .start()
  await waitUntil('saved', () => position.saved === 'p1')
})

test('closing the client ends its consumers and streams', async (t) => {
  const { server, auth } = await connect(t)
  server.onWatch = (stream) => sendEvent(stream, 1)
  const subscription = auth
    .events({ group: 'g', position: makePosition() })
    .on('user_created', () => undefined)
    .start()
  await waitUntil('the event', () => subscription.status().handled === 1)
  await auth.close()
  assert.equal(subscription.status().state, 'closed')
  await waitUntil('the stream to end', () => server.watches[0]?.cancelled === true)
})

test('a consumer that could not work does not start', async (t) => {
  const { auth } = await connect(t)
  const position = makePosition()
  const nothing = () => undefined
  assert.throws(() => auth.events({ group: 'g', position }).start(), TypeError)
  assert.throws(() => auth.events({ group: 'g' }).on('user_created', nothing).start(), TypeError)
  assert.throws(
    () => auth.events({ group: 'g', position, from: 'latest' }).on('user_created', nothing).start(),
    TypeError,
  )
  assert.throws(
    () => auth.events({ group: 'g' }).on('user_created', nothing).on('user_created', nothing),
    TypeError,
  )
  assert.throws(() => auth.events({ group: 'g' }).on('user_made' as 'user_created', nothing), TypeError)
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { AuthError } from '../auth-error.ts'
import { type AuthServer, startAuthServer } from '../test/start-auth-server.ts'
import { waitUntil } from '../test/wait-until.ts'
import { openChannel } from './open-channel.ts'
import { openTokenBatches, type TokenBatchesOptions } from './open-token-batches.ts'

async function open(t: TestContext, options: Partial<TokenBatchesOptions> = {}) {
  const server = await startAuthServer()
  const channel = openChannel({ address: server.address })
  const batches = openTokenBatches(channel, { deadlineMs: 5_000, maxWaiting: 10_000, ...options })
  t.after(() => {
    batches.close()
    channel.close()
    server.stop()
  })
  const ask = (accessToken: string) => batches.ask({ accessToken, audience: '', requiredRoles: [] })
  return { server, batches, ask }
}

const isUnavailable = (reason: string) => (error: unknown) =>
  error instanceof AuthError && error.code === 'UNAVAILABLE' && error.reason === reason

test('requests of one turn share a message, and every answer finds its request', async (t) => {
  const { server, ask } = await open(t)
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(`user${n}`)))
  assert.deepEqual(
    answers.map((answer) => answer.principal?.userId),
    Array.from({ length: 100 }, (_, n) => `user${n}`),
  )
  assert.equal(server.batches.length, 1)
})

test('a message holds at most 256 requests and at most the contract size', async (t) => {
  const { server, ask } = await open(t)
  await Promise.all(Array.from({ length: 600 }, () => ask('user')))
  assert.deepEqual(
    server.batches.map((batch) => batch.requests.length),
    [256, 256, 88],
  )
  await Promise.all(Array.from({ length: 256 }, () => ask('x'.repeat(8192))))
  assert.deepEqual(
    server.batches.slice(3).map((batch) => batch.requests.length),
    [127, 127, 2],
  )
})

test('batches may be answered in another order', async (t) => {
  const { server, ask } = await open(t)
  const held: (() => void)[] = []
  const answerNow = server.onBatch
  server.onBatch = (stream, batch) => held.push(() => answerNow(stream, batch))
  const first = ask('user1')
  await waitUntil('the first batch', () => held.length === 1)
  const second = ask('user2')
  await waitUntil('the second batch', () => held.length === 2)
  for (const answer of held.reverse()) answer()
  assert.equal((await first).principal?.userId, 'user1')
  assert.equal((await second).principal?.userId, 'user2')
})

test('what a broken stream carried is asked once more on a fresh one', async (t) => {
  const { server, ask } = await open(t)
  const answerNow = server.onBatch
  server.onBatch = (stream) => {
    server.onBatch = answerNow
    stream.emit('error', { code: status.UNAVAILABLE, details: 'restarting' })
  }
  assert.equal((await ask('user')).valid, true)
  assert.equal(server.streams.length, 2)
})

test('a stream that the server ends in peace is replaced too', async (t) => {
  const { server, ask } = await open(t)
  const answerNow = server.onBatch
  server.onBatch = (stream) => {
    server.onBatch = answerNow
    stream.end()
  }
  assert.equal((await ask('user')).valid, true)
})

test('what breaks twice is UNAVAILABLE, and so is a service that is not there', async (t) => {
  const { server, ask } = await open(t)
  server.onBatch = (stream) => stream.emit('error', { code: status.INTERNAL, details: 'x' })
  await assert.rejects(ask('user'), isUnavailable('AUTH_UNREACHABLE'))
  assert.equal(server.streams.length, 2)
  server.stop()
  await assert.rejects(ask('user'), isUnavailable('AUTH_UNREACHABLE'))
})

test('it recovers by itself when the service is back', async (t) => {
  const { server, ask } = await open(t)
  await ask('user')
  server.stop()
  await assert.rejects(ask('user'), isUnavailable('AUTH_UNREACHABLE'))
  const again = await startAuthServer(server.port)
  t.after(() => again.stop())
  let answer = await ask('user').catch(() => undefined)
  for (const end = performance.now() + 10_000; answer === undefined && performance.now() < end; ) {
    answer = await ask('user').catch(() => undefined)
  }
  assert.equal(answer?.valid, true)
})

test('an answer that does not come in time is UNAVAILABLE, and a late one disturbs nobody', async (t) => {
  const { server, ask } = await open(t, { deadlineMs: 60 })
  const held: (() => void)[] = []
  const answerNow = server.onBatch
  server.onBatch = (stream, batch) => held.push(() => answerNow(stream, batch))
  await assert.rejects(ask('user1'), isUnavailable('DEADLINE_EXCEEDED'))
  for (const answer of held) answer()
  server.onBatch = answerNow
  assert.equal((await ask('user2')).principal?.userId, 'user2')
  assert.equal(server.streams.length, 1)
})

test('more than may wait are refused at once', async (t) => {
  const { server, ask } = await open(t, { maxWaiting: 2, deadlineMs: 200 })
  server.onBatch = () => undefined
  const waiting = [ask('user1'), ask('user2')].map((one) =>
    assert.rejects(one, isUnavailable('DEADLINE_EXCEEDED')),
  )
  await assert.rejects(ask('user3'), isUnavailable('TOO_MANY_WAITING'))
  await Promise.all(waiting)
})

test('an answer with too few responses fails only those that are missing', async (t) => {
  const { server, ask } = await open(t)
  server.onBatch = (stream: AuthServer['streams'][number], { correlationId }) => {
    stream.write({ correlationId, responses: [{ valid: true, principal: { userId: 'first' } }] })
  }
  const [first, second] = [ask('user1'), ask('user2')]
  await assert.rejects(second, isUnavailable('AUTH_UNREACHABLE'))
  assert.equal((await first).principal?.userId, 'first')
})

test('closing answers what waits and refuses what comes', async (t) => {
  const { server, batches, ask } = await open(t)
  server.onBatch = () => undefined
  const waiting = ask('user')
  await waitUntil('the batch', () => server.batches.length === 1)
  batches.close()
  await assert.rejects(waiting, isUnavailable('CLOSED'))
  await assert.rejects(ask('user'), isUnavailable('CLOSED'))
})

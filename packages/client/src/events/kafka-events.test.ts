import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTopics } from '../test/open-topics.ts'
import { waitUntil } from '../test/wait-until.ts'
import { DeadLetterError } from './dead-letter.ts'
import type { Events } from './make-events.ts'
import type { EventSubscription } from './start-subscription.ts'

/** Enough keys for each of the four partitions to have some. */
const users = Array.from({ length: 20 }, (_, n) => `u${n}`)

/** `count` updates of each user, in order. */
function updates(from: number, count: number) {
  const sequences = Array.from({ length: count }, (_, n) => from + n)
  return sequences.flatMap((sequence) => users.map((key) => ['user_updated', { key, sequence }] as const))
}

/** Whether each user's events were first seen in the order of their sequence, without a gap. */
function assertInOrder(seen: readonly string[], count: number): void {
  const first = new Set(seen)
  for (const user of users) {
    const sequences = [...first]
      .filter((one) => one.startsWith(`${user} `))
      .map((one) => Number(one.split(' ')[1]))
    assert.deepEqual(
      sequences,
      Array.from({ length: count }, (_, n) => n + 1),
      user,
    )
  }
}

test('both encodings reach their handlers, typed, and a group goes on where it committed', async (t) => {
  const topics = await openTopics(t, ['user_created', 'user_deleted'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const seen: string[] = []
  const consume = (): Events =>
    events('g')
      .on('user_created', (data, { origin }) => seen.push(`${data.username} ${'offset' in origin}`))
      .on('user_deleted', (data, { userSequence }) => seen.push(`${data.userId} deleted ${userSequence}`))
  const first = start(consume())
  await send([['user_created', { sequence: 1, data: { username: 'mina' } }]])
  await send([['user_deleted', { sequence: 2, encoding: 'protobuf' }]])
  await waitUntil('both', () => seen.length === 2, 30_000)
  await first.close()
  const second = start(consume())
  await send([['user_created', { key: 'u2', sequence: 1, data: { username: 'juno' } }]])
  await waitUntil('the third', () => seen.length === 3, 30_000)
  assert.equal(second.status().handled, 1)
  assert.deepEqual(seen.toSorted(), ['juno true', 'mina true', 'u1 deleted 2'])
})

test('an event whose handler has not succeeded is delivered again to the next of the group', async (t) => {
  const topics = await openTopics(t, ['user_created'])
  if (topics === undefined) return
  const { create, events, start, send, warnings } = topics
  await create()
  await send([['user_created', { sequence: 1 }]])
  const failing = start(events('g').on('user_created', () => Promise.reject(new Error('database down'))))
  await waitUntil('two attempts', () => warnings.length >= 2, 30_000)
  await failing.close()
  const next = start(events('g').on('user_created', () => undefined))
  await waitUntil('the event', () => next.status().handled === 1, 30_000)
})

test('while members come and go nothing is lost and the order per user holds', async (t) => {
  const topics = await openTopics(t, ['user_updated'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const seen: string[] = []
  const member = (): EventSubscription =>
    start(
      events('g').on('user_updated', ({ userId }, { userSequence }) =>
        seen.push(`${userId} ${userSequence}`),
      ),
    )
  let sent = 0
  const sendMore = async (): Promise<void> => {
    await send(updates(sent + 1, 10))
    sent += 10
  }
  const first = member()
  await sendMore()
  await waitUntil('the first events', () => seen.length > 0, 30_000)
  const second = member()
  // The first member hears of the second at its next heartbeat; until then it handles all.
  for (const end = Date.now() + 30_000; second.status().handled === 0 && Date.now() < end; ) await sendMore()
  const third = member()
  for (const end = Date.now() + 30_000; third.status().handled === 0 && Date.now() < end; ) await sendMore()
  await first.close()
  await sendMore()
  await waitUntil('all events', () => new Set(seen).size === sent * users.length, 60_000)
  assertInOrder(seen, sent)
  assert.ok(second.status().handled > 0, 'the second member had its share')
  assert.ok(third.status().handled > 0, 'the third member had its share')
})

test('topics that are not there yet are waited for', async (t) => {
  const topics = await openTopics(t, ['user_created'])
  if (topics === undefined) return
  const { create, events, start, send, warnings } = topics
  const subscription = start(events('g').on('user_created', () => undefined))
  await waitUntil('a warning', () => warnings.length > 0, 30_000)
  await create()
  await send([['user_created', { sequence: 1 }]])
  await waitUntil('the event', () => subscription.status().handled === 1, 30_000)
})

test('what cannot be handled is found in the dead letters, with its cause and where it stood', async (t) => {
  const topics = await openTopics(t, ['user_created'])
  if (topics === undefined) return
  const { create, events, start, send, readDeadLetters } = topics
  await create()
  await send([['user_created', { sequence: 1, attributes: { type: 'other' } }]])
  await send([['user_created', { key: 'u2', sequence: 1 }]])
  const first = start(
    events('g').on('user_created', () => Promise.reject(new DeadLetterError('this one never'))),
  )
  await waitUntil('both', () => first.status().deadLetters === 2, 30_000)
  await first.close()
  const [undecodable, refused] = await readDeadLetters(2)
  assert.deepEqual(undecodable?.key, 'u1')
  assert.match(undecodable?.headers.dlq_error ?? '', /UndecodableEventError/)
  assert.equal(undecodable?.headers.dlq_attempts, '0')
  assert.match(refused?.headers.dlq_error ?? '', /this one never/)
  assert.match(refused?.headers.dlq_topic ?? '', /\.events\.user_created$/)
  assert.match(refused?.headers.dlq_offset ?? '', /^\d+$/)
  assert.equal(refused?.headers.dlq_group, 'g')
  assert.equal(refused?.headers.ce_usersequence, '1')
  assert.equal(JSON.parse(refused?.value ?? '').userId, 'u2')
  // Both are committed: the next of the group begins behind them.
  await send([['user_created', { key: 'u3', sequence: 1 }]])
  const next = start(events('g').on('user_created', () => undefined))
  await waitUntil('the next event', () => next.status().handled === 1, 30_000)
  assert.equal(next.status().deadLetters, 0)
})

test('closing does not wait for dead letters that cannot be written, and nothing is lost', async (t) => {
  const topics = await openTopics(t, ['user_created'], { withDeadLetters: false })
  if (topics === undefined) return
  const { create, events, start, send, warnings } = topics
  await create()
  await send([['user_created', { sequence: 1 }]])
  const refusing = start(events('g').on('user_created', () => Promise.reject(new DeadLetterError('never'))))
  await waitUntil('a complaint', () => warnings.length >= 1, 30_000)
  await refusing.close()
  assert.equal(refusing.status().deadLetters, 0)
  const next = start(events('g').on('user_created', () => undefined))
  await waitUntil('the event', () => next.status().handled === 1, 30_000)
})

test('a group that begins at a date gets what happened since, on every partition', async (t) => {
  const topics = await openTopics(t, ['user_updated'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const at = (time: Date) => ({ attributes: { time: time.toISOString() } })
  const early = new Date()
  await send(users.map((key) => ['user_updated', { key, sequence: 1, ...at(early) }] as const))
  await sleep(5)
  const from = new Date()
  await send(users.map((key) => ['user_updated', { key, sequence: 2, ...at(from) }] as const))
  const seen: string[] = []
  const consume = () =>
    start(
      events('g', { from }).on('user_updated', ({ userId }, { userSequence }) =>
        seen.push(`${userId} ${userSequence}`),
      ),
    )
  const first = consume()
  await waitUntil('all since', () => seen.length === users.length, 30_000)
  await first.close()
  assert.deepEqual(seen.toSorted(), users.map((user) => `${user} 2`).toSorted())
  // A group that has committed goes on where it was, whatever date is asked for.
  await send([['user_updated', { key: 'u0', sequence: 3 }]])
  const second = consume()
  await waitUntil('one more', () => second.status().handled === 1, 30_000)
  assert.equal(second.status().duplicates, 0)
})

test('a paused consumer keeps its place and takes nothing; resumed it goes on', async (t) => {
  const topics = await openTopics(t, ['user_created'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const subscription = start(events('g').on('user_created', () => undefined))
  await send([['user_created', { key: 'u1', sequence: 1 }]])
  await waitUntil('the first', () => subscription.status().handled === 1, 30_000)
  subscription.pause()
  await send(users.map((key) => ['user_created', { key, sequence: 5 }] as const))
  const other = start(events('other').on('user_created', () => undefined))
  await waitUntil('the other group', () => other.status().handled === users.length + 1, 30_000)
  assert.equal(subscription.status().handled, 1)
  subscription.resume()
  await waitUntil('the rest', () => subscription.status().handled === users.length + 1, 30_000)
})

test('with the group protocol of KIP-848 nothing is lost while members come and go', async (t) => {
  const topics = await openTopics(t, ['user_updated'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const seen: string[] = []
  const member = (): EventSubscription =>
    start(
      events('g', { groupProtocol: 'consumer' }).on('user_updated', ({ userId }, { userSequence }) =>
        seen.push(`${userId} ${userSequence}`),
      ),
    )
  const first = member()
  await send(updates(1, 10))
  await waitUntil('the first events', () => seen.length > 0, 30_000)
  const second = member()
  let sent = 10
  for (const end = Date.now() + 30_000; second.status().handled === 0 && Date.now() < end; sent += 10) {
    await send(updates(sent + 1, 10))
  }
  await first.close()
  await waitUntil('all events', () => new Set(seen).size === sent * users.length, 60_000)
  assertInOrder(seen, sent)
  assert.ok(second.status().handled > 0, 'the second member had its share')
})

test('what another member handled meanwhile is no gap', async (t) => {
  const topics = await openTopics(t, ['user_updated'])
  if (topics === undefined) return
  const { create, events, start, send } = topics
  await create()
  const gaps: string[] = []
  const member = () =>
    start(
      events('g', {
        onGap: ({ key, userSequence }, after) => gaps.push(`${key} ${userSequence} ${after}`),
      }).on('user_updated', () => undefined),
    )
  let sent = 0
  const sendMore = async (): Promise<void> => {
    const list = updates(sent + 1, 10).map(([name, record]) => {
      return [name, { ...record, attributes: { topicprevious: String(record.sequence - 1) } }] as const
    })
    await send(list)
    sent += 10
  }
  const first = member()
  await sendMore()
  await waitUntil('all by the first', () => first.status().handled === sent * users.length, 30_000)
  const second = member()
  for (const end = Date.now() + 30_000; second.status().handled === 0 && Date.now() < end; ) await sendMore()
  await second.close()
  await sendMore()
  const handled = () => first.status().handled + second.status().handled
  await waitUntil('the rest', () => handled() >= sent * users.length, 30_000)
  assert.deepEqual(gaps, [])
})

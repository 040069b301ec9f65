import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, credentials } from '@grpc/grpc-js'
import { loadChatService } from './load-chat-service.ts'
import { type CallInput, callChat } from './test/call-chat.ts'
import { openTestChat, type TestChat } from './test/open-test-chat.ts'

const ChatClient = loadChatService()
let platform: TestChat
let client: Client
before(async () => {
  platform = await openTestChat()
  client = new ChatClient(platform.chat.grpcAddress, credentials.createInsecure())
})
after(async () => {
  client?.close()
  await platform[Symbol.asyncDispose]()
})

const call = (method: string, input: CallInput) => callChat(client, ChatClient, method, input)

async function createRoom(token: string): Promise<string> {
  const { answers } = await call('CreateRoom', { token, requests: [{ name: 'lobby' }] })
  return (answers[0] as { room: { roomId: string } }).room.roomId
}

test('Ping is public: no token is looked at', async () => {
  assert.equal((await call('Ping', {})).status, 'OK')
  assert.equal((await call('Ping', { token: 'nonsense' })).status, 'OK')
})

test('all other methods, streams included, refuse who has no valid token', async () => {
  for (const method of ['CreateRoom', 'WatchRoom', 'Talk']) {
    assert.deepEqual(await call(method, {}), { status: 'UNAUTHENTICATED', answers: [] }, method)
    const bad = await call(method, { token: 'no.such.token' })
    assert.deepEqual(bad, { status: 'UNAUTHENTICATED', answers: [] }, method)
  }
})

test('a unary call knows its caller', async () => {
  const { userId, token } = await platform.auth.signUp('gina')
  const { status, answers } = await call('CreateRoom', { token, requests: [{ name: 'lobby' }] })
  assert.equal(status, 'OK')
  const { room } = answers[0] as { room: { owner: object } }
  assert.deepEqual({ ...room.owner }, { userId, nickname: 'The gina', status: 'ACTIVE' })
  assert.equal((await call('CreateRoom', { token, requests: [{ name: '' }] })).status, 'INVALID_ARGUMENT')
})

test('a server-streaming call knows its caller', async () => {
  const { userId, token } = await platform.auth.signUp('watcher')
  const roomId = await createRoom(token)
  const { answers } = await call('WatchRoom', { token, requests: [{ roomId }], take: 1 })
  const { joined } = answers[0] as { joined: object }
  assert.deepEqual({ ...joined }, { userId, username: 'watcher' })
  assert.equal((await call('WatchRoom', { token, requests: [{ roomId: 'none' }] })).status, 'NOT_FOUND')
})

test('in a bidi call every message knows its caller, two callers at once', async () => {
  const [first, second] = await Promise.all([platform.auth.signUp('first'), platform.auth.signUp('second')])
  const roomId = await createRoom(first.token)
  const lines = Array.from({ length: 50 }, (_, index) => ({ roomId, text: `line ${index}` }))
  const results = await Promise.all([
    call('Talk', { token: first.token, requests: lines }),
    call('Talk', { token: second.token, requests: lines }),
  ])
  for (const [index, username] of ['first', 'second'].entries()) {
    assert.equal(results[index]?.status, 'OK')
    const said = (results[index]?.answers ?? []) as { said: { member: { username: string }; text: string } }[]
    assert.deepEqual(
      said.map((one) => `${one.said.member.username}: ${one.said.text}`),
      lines.map(({ text }) => `${username}: ${text}`),
    )
  }
})

test('while the authentication service is down: UNAVAILABLE, never UNAUTHENTICATED; Ping stays', async () => {
  const { token } = await platform.auth.signUp('patient')
  await platform.auth.stop()
  for (const method of ['CreateRoom', 'WatchRoom', 'Talk']) {
    assert.equal((await call(method, { token })).status, 'UNAVAILABLE', method)
  }
  assert.equal((await call('Ping', {})).status, 'OK')
})

test('stopping the chat service ends those who watch', async () => {
  const platform = await openTestChat()
  const { token } = await platform.auth.signUp('last')
  const watcher = new ChatClient(platform.chat.grpcAddress, credentials.createInsecure())
  const created = await callChat(watcher, ChatClient, 'CreateRoom', { token, requests: [{ name: 'x' }] })
  const { room } = created.answers[0] as { room: { roomId: string } }
  const watching = callChat(watcher, ChatClient, 'WatchRoom', { token, requests: [room] })
  await callChat(watcher, ChatClient, 'WatchRoom', { token, requests: [room], take: 1 })
  const start = performance.now()
  await platform[Symbol.asyncDispose]()
  assert.equal((await watching).status, 'OK')
  assert.ok(performance.now() - start < 4_000)
  watcher.close()
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTestChat, type TestChat } from './test/open-test-chat.ts'

let platform: TestChat
before(async () => {
  platform = await openTestChat()
})
after(() => platform[Symbol.asyncDispose]())

function send(method: string, path: string, token?: string, body?: unknown): Promise<Response> {
  return fetch(`http://${platform.chat.httpAddress}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

const openRoom = (token?: string) => send('POST', '/chat/room', token, { name: 'lobby' })

async function readReason(response: Response): Promise<string> {
  const { metadata } = (await response.json()) as { metadata: { validation_reason: string } }
  return metadata.validation_reason
}

test('a room belongs to the caller, with their nickname and status as they are now', async () => {
  const { userId, token } = await platform.auth.signUp('mina')
  await platform.auth.users.updateUser({ userId, displayName: 'Mina the second' })
  const response = await openRoom(token)
  assert.equal(response.status, 200)
  const room = (await response.json()) as { roomId: string; name: string; owner: object }
  assert.equal(room.name, 'lobby')
  assert.deepEqual(room.owner, { userId, nickname: 'Mina the second', status: 'ACTIVE' })
  const read = await send('GET', `/chat/room/${room.roomId}`, token)
  assert.deepEqual(await read.json(), room)
})

test('a name that is none is refused, and only after the token', async () => {
  const { token } = await platform.auth.signUp('nameless')
  assert.equal((await send('POST', '/chat/room', token, { name: '' })).status, 400)
  assert.equal((await send('POST', '/chat/room', token, {})).status, 400)
  assert.equal((await send('POST', '/chat/room', undefined, {})).status, 401)
})

test('no token and a bad token are 401 with a challenge', async () => {
  const without = await openRoom()
  assert.equal(without.status, 401)
  assert.equal(without.headers.get('www-authenticate'), 'Bearer')
  const bad = await openRoom('no.such.token')
  assert.equal(bad.status, 401)
  assert.match(bad.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/)
})

test('a token is refused from the moment its session or its user ends', async () => {
  const { token } = await platform.auth.signUp('leaver')
  assert.equal((await openRoom(token)).status, 200)
  await platform.auth.sessions.logout({ token: { case: 'accessToken', value: token } })
  assert.equal(await readReason(await openRoom(token)), 'REVOKED')
  const { userId, token: other } = await platform.auth.signUp('deleted')
  await platform.auth.users.deleteUser({ userId })
  assert.equal(await readReason(await openRoom(other)), 'USER_DELETED')
})

test('closing a room needs the role moderator: 403 without it', async () => {
  const { token } = await platform.auth.signUp('owner')
  const { token: moderator } = await platform.auth.signUp('moderator', ['moderator'])
  const { roomId } = (await (await openRoom(token)).json()) as { roomId: string }
  const refused = await send('DELETE', `/chat/room/${roomId}`, token)
  assert.equal(refused.status, 403)
  assert.equal(((await refused.json()) as { reason: string }).reason, 'MISSING_ROLE')
  assert.equal((await send('DELETE', `/chat/room/${roomId}`, moderator)).status, 204)
  assert.equal((await send('GET', `/chat/room/${roomId}`, token)).status, 404)
})

test('while the authentication service is down: 503, never 401; afterwards the same token works', async () => {
  const { token } = await platform.auth.signUp('patient')
  await platform.auth.stop()
  const refused = await openRoom(token)
  assert.equal(refused.status, 503)
  assert.ok(refused.headers.has('retry-after'))
  assert.equal((await openRoom()).status, 401, 'that there is no token needs no asking')
  await platform.auth.startAgain()
  const end = performance.now() + 20_000
  let response = await openRoom(token)
  while (response.status === 503 && performance.now() < end) response = await openRoom(token)
  assert.equal(response.status, 200)
})

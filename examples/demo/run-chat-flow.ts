import assert from 'node:assert/strict'
import { callJson } from './call-json.ts'
import { type ChatClient, openChatClient } from './open-chat-client.ts'
import type { FlowParts, Person, Tokens } from './run-flows.ts'

interface RoomAnswer {
  readonly name: string
  readonly owner: { readonly nickname: string; readonly status: string }
}

/** Flow 5.1: log in, open rooms over HTTP and gRPC, and be refused without a token. Answers the tokens. */
export async function runChatFlow({ platform, teller }: FlowParts, person: Person): Promise<Tokens> {
  const { username, password, nickname } = person
  const tokens = await teller.step('POST /v1/auth/login gives an access and a refresh token', async () => {
    const { status, body } = await callJson<{ tokens: Tokens }>(`${platform.authEdgeUrl}/v1/auth/login`, {
      body: { identifier: username, password, client: { clientId: 'demo' } },
    })
    assert.equal(status, 200, JSON.stringify(body))
    return body.tokens
  })
  await teller.step(`POST /chat/room opens a room; its owner is "${nickname}", ACTIVE`, async () => {
    const { status, body } = await callJson<RoomAnswer>(`${platform.chatUrl}/chat/room`, {
      token: tokens.accessToken,
      body: { name: 'lobby' },
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.name, 'lobby')
    assert.equal(body.owner.nickname, nickname)
    assert.equal(body.owner.status, 'ACTIVE')
  })
  await teller.step('POST /chat/room without a token is answered 401', async () => {
    const { status } = await callJson(`${platform.chatUrl}/chat/room`, { body: { name: 'lobby' } })
    assert.equal(status, 401)
  })
  await using chat = openChatClient(platform.chatGrpcAddress)
  await runGrpcSteps(chat, teller, person, tokens.accessToken)
  return tokens
}

async function runGrpcSteps(
  chat: ChatClient,
  teller: FlowParts['teller'],
  { nickname, username }: Person,
  token: string,
): Promise<void> {
  await teller.step('gRPC Ping, which is public, is OK without a token', async () => {
    assert.equal(await chat.ping(), 'OK')
  })
  await teller.step('gRPC CreateRoom without a token is UNAUTHENTICATED', async () => {
    const { status } = await chat.createRoom('studio')
    assert.equal(status, 'UNAUTHENTICATED')
  })
  const roomId = await teller.step(`gRPC CreateRoom opens a room of "${nickname}"`, async () => {
    const room = await chat.createRoom('studio', token)
    assert.equal(room.status, 'OK')
    assert.equal(room.nickname, nickname)
    return room.roomId
  })
  await teller.step('gRPC Talk: those who WatchRoom hear it under the right name', async () => {
    const heard = await chat.talk(roomId, 'hello', token)
    assert.deepEqual(heard, { username, text: 'hello' })
  })
}

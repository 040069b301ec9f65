import assert from 'node:assert/strict'
import { callJson } from './call-json.ts'
import type { FlowParts, Tokens } from './run-flows.ts'

interface Problem {
  readonly metadata?: Readonly<Record<string, string>>
}

/** Log out: the stream that is open, both access tokens of the session and its refresh token end. */
export async function runLogoutFlow(
  { platform, teller }: FlowParts,
  first: Tokens,
  second: Tokens,
): Promise<void> {
  const events = await teller.step('GET /chat/room/:roomId/events follows a room', () =>
    followRoom(platform.chatUrl, second.accessToken),
  )
  await teller.step('POST /v1/auth/logout ends the session', async () => {
    const { status, body } = await callJson(`${platform.authEdgeUrl}/v1/auth/logout`, {
      token: second.accessToken,
    })
    assert.equal(status, 200, JSON.stringify(body))
  })
  const expectRevoked = async ({ accessToken }: Tokens): Promise<void> => {
    const { status, body } = await callJson<Problem>(`${platform.chatUrl}/chat/room`, {
      token: accessToken,
      body: { name: 'lobby' },
    })
    assert.equal(status, 401, JSON.stringify(body))
    assert.equal(body.metadata?.validation_reason, 'REVOKED')
  }
  await teller.step('POST /chat/room with that token is answered 401: REVOKED', () => expectRevoked(second))
  await teller.step('so is the token from before the refresh', () => expectRevoked(first))
  await teller.step('the open stream of events breaks off within 3 s', () =>
    assert.rejects(readToEnd(events)),
  )
  await teller.step('and the refresh token is refused', async () => {
    const { status } = await callJson(`${platform.authEdgeUrl}/v1/auth/refresh`, {
      body: { refreshToken: second.refreshToken },
    })
    assert.equal(status, 401)
  })
}

/** Opens a room and follows it; resolves when the first event has come. */
async function followRoom(chatUrl: string, token: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const { body: room } = await callJson<{ roomId: string }>(`${chatUrl}/chat/room`, {
    token,
    body: { name: 'lounge' },
  })
  const response = await fetch(`${chatUrl}/chat/room/${room.roomId}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(20_000),
  })
  const reader = response.body?.getReader()
  assert.ok(reader)
  assert.match(Buffer.from((await reader.read()).value ?? []).toString(), /joined/)
  return reader
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  while (!(await reader.read()).done);
}

import assert from 'node:assert/strict'
import { callJson } from './call-json.ts'
import type { FlowParts, Tokens } from './run-flows.ts'

interface Problem {
  readonly metadata?: Readonly<Record<string, string>>
}

/** Log out: both access tokens of the session and its refresh token end at once. */
export async function runLogoutFlow(
  { platform, teller }: FlowParts,
  first: Tokens,
  second: Tokens,
): Promise<void> {
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
  await teller.step('and the refresh token is refused', async () => {
    const { status } = await callJson(`${platform.authEdgeUrl}/v1/auth/refresh`, {
      body: { refreshToken: second.refreshToken },
    })
    assert.equal(status, 401)
  })
}

import assert from 'node:assert/strict'
import { callJson } from './call-json.ts'
import type { FlowParts, Tokens } from './run-flows.ts'

/** Flow 5.3: the upgrade reaches the account, the event and the next token. Answers the tokens of the refresh. */
export async function runUpgradeFlow(parts: FlowParts, userId: string, first: Tokens): Promise<Tokens> {
  const { platform, auth, events, teller } = parts
  const version = await teller.step('POST /subscriptions/upgrade makes the plan PREMIUM', async () => {
    const { status, body } = await callJson<{ plan: string; userVersion: string }>(
      `${platform.subscriptionUrl}/subscriptions/upgrade`,
      { token: first.accessToken, body: { plan: 'PREMIUM' } },
    )
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.plan, 'PREMIUM')
    return BigInt(body.userVersion)
  })
  await teller.step('auth.events.user_updated arrives, with PREMIUM', async () => {
    const { data } = await events.find(
      ({ name, data }) => name === 'user_updated' && data.userId === userId && data.userVersion === version,
    )
    assert.equal(data.subscriptionTier, 'PREMIUM')
  })
  await teller.step('GetUser shows the plan PREMIUM', async () => {
    const user = await auth.users.get(userId, { minVersion: version })
    assert.equal(user.subscriptionTier, 'PREMIUM')
  })
  const second = await teller.step('POST /v1/auth/refresh gives new tokens', async () => {
    const { status, body } = await callJson<{ tokens: Tokens }>(`${platform.authEdgeUrl}/v1/auth/refresh`, {
      body: { refreshToken: first.refreshToken },
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.notEqual(body.tokens.accessToken, first.accessToken)
    return body.tokens
  })
  await teller.step('the new access token carries the plan PREMIUM', async () => {
    const { subscriptionTier } = await auth.verify(second.accessToken)
    assert.equal(subscriptionTier, 'PREMIUM')
  })
  return second
}

import assert from 'node:assert/strict'
import { callJson } from './call-json.ts'
import type { FlowParts, Person } from './run-flows.ts'

/** Flow 5.2: sign-up, `user_created`, the default plan. Answers the new user's id. */
export async function runSignUpFlow(
  { platform, auth, events, teller }: FlowParts,
  person: Person,
): Promise<string> {
  const userId = await teller.step(`POST /v1/users signs ${person.username} up`, async () => {
    const { username, email, password, nickname } = person
    const { status, body } = await callJson<{ user: { id: string } }>(`${platform.authEdgeUrl}/v1/users`, {
      body: { username, email, password, displayName: nickname },
    })
    assert.equal(status, 200, JSON.stringify(body))
    return body.user.id
  })
  await teller.step('auth.events.user_created arrives, with version 1 and no plan', async () => {
    const { data } = await events.find(({ name, data }) => name === 'user_created' && data.userId === userId)
    assert.equal(data.username, person.username)
    assert.equal(data.userVersion, 1n)
    assert.equal(data.subscriptionTier, '')
  })
  const version = await teller.step('the subscription service sets FREE: user_updated arrives', async () => {
    const { data } = await events.find(({ name, data }) => name === 'user_updated' && data.userId === userId)
    assert.equal(data.subscriptionTier, 'FREE')
    return data.userVersion
  })
  await teller.step('GetUser shows the plan FREE', async () => {
    const user = await auth.users.get(userId, { minVersion: version })
    assert.equal(user.subscriptionTier, 'FREE')
  })
  return userId
}

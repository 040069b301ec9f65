import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { AuthService } from '@immersiverse/auth-contract'
import { knock } from './knock.ts'
import { openMtlsAuth, toId } from './open-mtls-auth.ts'

const getUser = 'auth.v1.UserService/GetUser'
const snapshot = 'auth.v1.AuthService/GetRevocationSnapshot'
const limited = { code: 'RESOURCE_EXHAUSTED', reason: 'CALLER_LIMITED' }

test('a snapshot of revocations takes a hundred calls from its caller, and comes through where a burst is less', async () => {
  const cases = [
    { name: 'chat', burst: 102, left: 2 },
    { name: 'small', burst: 2, left: 0 },
  ]
  const entries = cases.map(
    ({ name, burst }) =>
      `  - { id: ${toId(name)}, allow: [${snapshot}, ${getUser}], limit: { perSecond: 0.01, burst: ${burst} } }\n`,
  )
  await using world = await openMtlsAuth({ callers: `callers:\n${entries.join('')}` })
  for (const { name, left } of cases) {
    const client = world.connect(world.authority.issue({ name, uris: [toId(name)] }))
    let messages = 0
    for await (const _ of makeGrpcClient(AuthService, client).getRevocationSnapshot({})) messages += 1
    assert.ok(messages > 0)
    for (let at = 0; at < left; at += 1) {
      assert.equal((await knock(client, getUser)).reason, 'MALFORMED_MESSAGE')
    }
    assert.deepEqual(await knock(client, getUser), limited)
  }
})

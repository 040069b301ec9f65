import assert from 'node:assert/strict'
import { test } from 'node:test'
import { login } from '../src/use-cases/login.ts'
import { failedLogins } from './failed-logins.ts'
import { openTestAuth } from './open-test-auth.ts'

test('every login that fails costs the same hashing: one verification, of one cost, and none where the limit is reached', async () => {
  await using auth = await openTestAuth()
  for (const [name, make] of Object.entries(failedLogins)) {
    const { reason, ...attempt } = await make(auth)
    const calls: string[] = []
    const { passwords } = auth.deps
    const counting = {
      ...passwords,
      hash: (...asked: Parameters<typeof passwords.hash>) => {
        calls.push('hash')
        return passwords.hash(...asked)
      },
      verify: (...asked: Parameters<typeof passwords.verify>) => {
        calls.push(`verify ${asked[0].length} characters`)
        return passwords.verify(...asked)
      },
    }
    const caller = { kind: 'service', id: 'test', origin: { ip: '127.0.0.1', userAgent: 'test' } } as const
    const input = { ...attempt, client: { clientId: 'web', deviceName: 'test' } }
    await assert.rejects(login({ ...auth.deps, passwords: counting }, caller, input), new RegExp(reason))
    assert.deepEqual(calls, reason === 'TOO_MANY_LOGINS' ? [] : ['verify 17 characters'], name)
  }
})

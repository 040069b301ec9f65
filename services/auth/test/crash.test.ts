import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestDatabase } from '../../../tools/parts/test-database.ts'
import { connect } from './open-test-auth.ts'
import { startAuthProcess } from './start-auth-process.ts'
import { getVerdict, refresh } from './validations.ts'

test('T2 T12: whatever a kill did to an answer, the retry at another replica within the grace succeeds', async (t) => {
  const database = await openTestDatabase(t)
  if (database === undefined) return
  const environment = {
    DATABASE_URL: database.url,
    AUTH_DATABASE_POOL: '20',
    AUTH_REFRESH_GRACE: '1m',
    // One person opens sixty sessions at once.
    AUTH_LOGIN_ATTEMPTS: 'off',
  }
  await using survivor = await startAuthProcess(environment, './cheap-main.ts')
  const second = connect(survivor.address)
  const person = await second.signUp()
  let lost = 0
  for (let round = 0; round < 3; round += 1) {
    await using victim = await startAuthProcess(environment, './cheap-main.ts')
    const first = connect(victim.address)
    const sessions = await Promise.all(Array.from({ length: 60 }, () => second.logIn(person)))
    const calls = sessions.map(({ refreshToken }) => refresh(first, refreshToken))
    await Promise.any(calls)
    await victim.kill('SIGKILL')
    const answers = await Promise.allSettled(calls)
    for (const [n, session] of sessions.entries()) {
      const answer = answers[n]
      if (answer?.status === 'rejected') lost += 1
      const again = await refresh(second, session.refreshToken)
      if (answer?.status === 'fulfilled') assert.equal(again.refreshToken, answer.value.refreshToken)
      assert.equal(await getVerdict(second, again.accessToken), 'VALID')
      await refresh(second, again.refreshToken)
    }
    first.close()
  }
  assert.ok(lost > 0, 'every answer came before the kill: nothing was lost')
  second.close()
})

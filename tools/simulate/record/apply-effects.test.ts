import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionId, UserId } from '../../../services/auth/src/domain/ids.ts'
import { VirtualTime } from '../time/virtual-time.ts'
import { makeFastAccessTokens } from '../world/fast-tokens.ts'
import { applyTheft } from './apply-effects.ts'
import { History } from './history.ts'

const userId = '01901000-0000-7000-8000-000000000001' as UserId
const sessionId = '01901000-0000-7000-8000-000000000002' as SessionId
const accessTokens = makeFastAccessTokens({ issuer: 'https://auth.test', audience: 'test', ttlMs: 600_000 })
const lives = { refreshIdleMs: 3_000, refreshMaxMs: 5_000 }

/** A family of three generations, one at each of the given times, and the first of them shown at `shownMs`; whether its access tokens have to be refused. */
function isTheft(atMs: readonly number[], shownMs: number): boolean {
  const time = new VirtualTime()
  const history = new History(time)
  history.addUser(userId, 'u')
  const facts = { userId, process: 'auth-1', kind: 'refresh' } as const
  for (const [at, ms] of atMs.entries()) {
    time.nowMs = ms
    const operation = history.begin({ ...facts, kind: at === 0 ? 'login' : 'refresh' })
    const refresh = { text: `token ${at + 1}`, sessionId, generation: at + 1 }
    const { session } = history.addTokens(operation, makeAccessToken(at), refresh, lives)
    history.end(operation, 'OK')
    session.generations.set(refresh.generation, { text: refresh.text, givenMs: ms })
  }
  time.nowMs = shownMs
  const presented = { text: 'token 1', sessionId, generation: 1 }
  const operation = history.begin({ ...facts, sessionId, presented })
  history.end(operation, 'INVALID')
  applyTheft(history, operation)
  assert.ok([0, history.tokens.length].includes(history.revoked.length), 'all of them or none')
  return history.revoked.length > 0
}

function makeAccessToken(at: number): string {
  const account = { id: userId, username: 'u', roles: [], subscriptionTier: '', tokenVersion: 1 }
  return accessTokens.sign({ id: 'k1' } as never, {
    account,
    sessionId,
    clientId: 'web',
    tokenId: `01901000-0000-7000-8000-00000000010${at}`,
    issuedAt: new Date(1_700_000_000_000),
    notAfter: new Date(1_800_000_000_000),
  }).token
}

test('a token of two generations ago ends its family, unless that may have idled out or reached its end', () => {
  assert.equal(isTheft([0, 500, 1_000], 2_000), true)
  assert.equal(isTheft([0, 500, 1_000], 3_900), true)
  assert.equal(isTheft([0, 500, 1_000], 4_000), false)
  assert.equal(isTheft([0, 2_000, 4_000], 4_900), true)
  assert.equal(isTheft([0, 2_000, 4_000], 5_000), false)
})

test('a token of the generation before may be a lost answer: nothing follows from its refusal', () => {
  assert.equal(isTheft([0, 500], 2_000), false)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { History } from './history.ts'
import { judgeProbe, type TokenFacts } from './judge-probe.ts'

const boundMs = 3_100
const live: TokenFacts = {
  id: 1,
  expiresAtMs: 120_000,
  revokingSinceMs: undefined,
  revokedAtMs: undefined,
}
const revoked: TokenFacts = { ...live, revokingSinceMs: 990, revokedAtMs: 1_000 }

const judge = (token: TokenFacts, outcome: string, startedAtMs: number, bound = boundMs) =>
  judgeProbe(token, { by: 'a', outcome, startedAtMs, answeredAtMs: startedAtMs + 1 }, bound)?.property

describe('an accept', () => {
  test('is fine of a live token, and before the bound is over', () => {
    assert.equal(judge(live, 'ACCEPTED', 50_000), undefined)
    assert.equal(judge(revoked, 'ACCEPTED', 999), undefined)
    assert.equal(judge(revoked, 'ACCEPTED', 4_099.9), undefined)
  })

  test('that starts at the bound or later is a violation of R1, of R2 where there is no bound', () => {
    assert.equal(judge(revoked, 'ACCEPTED', 4_100), 'R1')
    assert.equal(judge(revoked, 'ACCEPTED', 100_000), 'R1')
    assert.equal(judge(revoked, 'ACCEPTED', 1_000, 0), 'R2')
    assert.equal(judge(revoked, 'ACCEPTED', 999, 0), undefined)
  })

  test('is fine after a revocation without an answer', () => {
    assert.equal(judge({ ...revoked, revokedAtMs: undefined }, 'ACCEPTED', 100_000), undefined)
  })
})

describe('a refusal', () => {
  test('of a token whose revocation was sent, answered or not, is fine', () => {
    assert.equal(judge({ ...revoked, revokedAtMs: undefined }, 'REFUSED:REVOKED', 990), undefined)
    assert.equal(judge(revoked, 'REFUSED:REVOKED', 2_000), undefined)
  })

  test('of one that nobody revoked is a violation: of R8, or of R7 where it is called invalid', () => {
    assert.equal(judge(live, 'REFUSED:REVOKED', 50_000), 'R8')
    assert.equal(judge(live, 'REFUSED:BAD_SIGNATURE', 50_000), 'R7')
    assert.equal(judge(live, 'REFUSED:EXPIRED', 50_000), 'R7')
  })

  test('of one that may have expired is fine', () => {
    assert.equal(judge(live, 'REFUSED:EXPIRED', 119_000), undefined)
  })
})

test('UNAVAILABLE is always fine, anything else never', () => {
  assert.equal(judge(live, 'UNAVAILABLE:AUTH_UNREACHABLE', 50_000), undefined)
  assert.equal(judge(live, 'BROKEN:TypeError', 50_000), 'R7')
})

test('a late accept planted in a history of a thousand good answers is found', () => {
  const history = new History()
  const token = history.addToken('token', 0, 120_000)
  history.beginRevocation([token], 'logout')
  history.endRevocation([token], 'logout')
  const revokedAtMs = token.revokedAtMs ?? Number.NaN
  const answer = (outcome: string, lateMs: number) => {
    const startedAtMs = revokedAtMs + lateMs
    const probe = { by: 'a', outcome, startedAtMs, answeredAtMs: startedAtMs + 1 }
    history.take(token.id, probe, boundMs, 'view')
  }
  for (let n = 0; n < 1_000; n += 1) answer(n < 500 ? 'ACCEPTED' : 'REFUSED:REVOKED', n * 6)
  assert.equal(history.violations.length, 0)
  answer('ACCEPTED', boundMs + 1)
  assert.deepEqual(
    history.violations.map(({ property }) => property),
    ['R1'],
  )
})

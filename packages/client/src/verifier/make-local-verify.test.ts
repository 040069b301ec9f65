import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Principal } from '../principal.ts'
import { goodClaims, issuedAt, makeIssuer } from '../test/make-issuer.ts'
import { tokenRefusal } from '../token-refusal.ts'
import { unavailable } from '../unavailable.ts'
import type { Verify } from '../verify.ts'
import type { Doubt, FreshnessStatus } from './freshness-status.ts'
import type { LocalToken } from './local-token.ts'
import { makeKeySet } from './make-key-set.ts'
import { makeLocalVerify } from './make-local-verify.ts'
import { makeRevocationView } from './make-revocation-view.ts'
import { makeTokenVerifier } from './make-token-verifier.ts'
import type { RevocationEntry } from './revocation.ts'
import { toTokenPrincipal } from './to-token-principal.ts'

const issuer = makeIssuer()
const token = issuer.sign()
const session: RevocationEntry = { type: 'session', subject: goodClaims.sid }
const down: Verify = () => Promise.reject(unavailable('AUTH_UNREACHABLE', 'down'))
const notAsked: Verify = () => assert.fail('asked')
const remote: Principal = Object.freeze({
  ...toTokenPrincipal({ ...goodClaims, aud: [], nbf: undefined }),
  username: 'as the service says',
})

function makeWorld(
  fallback: Verify = notAsked,
  onSignature: (state: { ageMs: number }) => void = () => undefined,
) {
  const view = makeRevocationView()
  const warnings: object[] = []
  const state = {
    view,
    epoch: 'e' as string | undefined,
    hasBeenComplete: true,
    ageMs: 10,
    doubt: undefined as Doubt | undefined,
    databaseMs: issuedAt * 1000 + 5_000,
    monotonicMs: 0,
  }
  const readFreshness = (maxStalenessMs = 3_000): FreshnessStatus => {
    const { doubt, ageMs, databaseMs } = state
    if (doubt !== undefined) {
      return { state: 'UNKNOWN', reason: doubt, ageMs: undefined, errorMs: undefined, databaseMs: undefined }
    }
    const isFresh = ageMs <= maxStalenessMs
    return {
      state: isFresh ? 'FRESH' : 'STALE',
      reason: isFresh ? undefined : 'AGE',
      ageMs,
      errorMs: 1,
      databaseMs,
    }
  }
  const verifier = makeTokenVerifier<LocalToken>({
    keys: makeKeySet(issuer.jwksJson),
    algorithms: ['ES256'],
    maxLifetimeSeconds: 600,
  })
  const local = makeLocalVerify({
    verifier: {
      verifySignature: (text) => {
        const result = verifier.verifySignature(text)
        onSignature(state)
        return result
      },
    },
    revocations: Object.assign(state, { readFreshness }),
    fallback,
    clock: {
      monotonicMs: () => state.monotonicMs,
      wallMs: () => issuedAt * 1000,
      sleep: async () => undefined,
    },
    issuer: goodClaims.iss,
    audience: 'immersiverse',
    logger: { warn: (fields) => warnings.push(fields) },
  })
  return { state, view, local, warnings, verify: local.verify.bind(local) }
}

test('FRESH: decided in process, the principal from the claims, the same object for the same token', async () => {
  const { verify, local } = makeWorld()
  const who = await verify(token)
  assert.deepEqual(who, toTokenPrincipal({ ...goodClaims, aud: [], nbf: undefined }))
  assert.equal(await verify(token), who)
  assert.deepEqual(local.counts(), { local: 2, remote: 0, unavailable: 0, allowedStale: 0 })
})

test('FRESH: each reason is an AuthError of its own, revoked before the rest', async () => {
  const { verify, view, state } = makeWorld()
  await assert.rejects(verify('nonsense'), { code: 'UNAUTHENTICATED', reason: 'MALFORMED' })
  await assert.rejects(verify(token, { audience: 'other' }), {
    code: 'UNAUTHENTICATED',
    reason: 'WRONG_AUDIENCE',
  })
  await assert.rejects(verify(token, { requiredRoles: ['x'] }), {
    code: 'PERMISSION_DENIED',
    reason: 'MISSING_ROLE',
  })
  state.databaseMs = goodClaims.exp * 1000 + 2
  await assert.rejects(verify(token), { code: 'UNAUTHENTICATED', reason: 'EXPIRED' })
  view.add(session)
  await assert.rejects(verify(token), { code: 'UNAUTHENTICATED', reason: 'REVOKED' })
})

test('R7: a signed token of the future says that the clocks are behind: ValidateToken is asked', async () => {
  const { verify, state, local } = makeWorld(async () => remote)
  state.databaseMs = issuedAt * 1000 - 2
  assert.equal(await verify(token), remote)
  assert.equal(local.counts().remote, 1)
  const alone = makeWorld(down)
  alone.state.databaseMs = issuedAt * 1000 - 2
  await assert.rejects(alone.verify(token), { code: 'UNAVAILABLE' })
  state.databaseMs = issuedAt * 1000
  assert.equal((await verify(token)).username, goodClaims.name)
})

test('a token that was cleared is refused with the next revocation, and by another view', async () => {
  const { verify, view, state } = makeWorld()
  await verify(token)
  view.add({ type: 'session', subject: 'other' })
  await verify(token)
  view.add(session)
  await assert.rejects(verify(token), { reason: 'REVOKED' })
  const { version } = view
  const other = makeRevocationView()
  for (let n = 0; other.version < version; n++) other.add({ type: 'token', subject: `${n}` })
  state.view = other
  await verify(token)
  const again = makeRevocationView()
  again.add(session)
  while (again.version < other.version) again.add({ type: 'token', subject: `${again.version}` })
  state.view = again
  await assert.rejects(verify(token), { reason: 'REVOKED' })
})

test('R1: freshness is read after the work on the signature, however long that took', async () => {
  const { verify } = makeWorld(
    async () => remote,
    (state) => {
      state.ageMs = 3_001
    },
  )
  assert.equal(await verify(token), remote)
})

test('STALE, UNKNOWN and an unknown key ask ValidateToken, whose answer counts', async () => {
  const asked: unknown[] = []
  const { verify, state, local } = makeWorld(async (...question) => {
    asked.push(question)
    return remote
  })
  state.ageMs = 3_001
  assert.equal(await verify(token, { audience: 'a', requiredRoles: ['r'] }), remote)
  state.doubt = 'GAP'
  assert.equal(await verify(token), remote)
  state.doubt = undefined
  state.ageMs = 0
  const unknownKey = makeIssuer('ES256', 'k2').sign()
  assert.equal(await verify(unknownKey), remote)
  assert.deepEqual(asked, [
    [token, { audience: 'a', requiredRoles: ['r'] }],
    [token, { requiredRoles: [] }],
    [unknownKey, { requiredRoles: [] }],
  ])
  assert.equal(local.counts().remote, 3)
  const { verify: refused, state: stale } = makeWorld(() => Promise.reject(tokenRefusal('USER_SUSPENDED')))
  stale.doubt = 'GAP'
  await assert.rejects(refused(token), { code: 'UNAUTHENTICATED', reason: 'USER_SUSPENDED' })
})

test('R7: what can be found out neither way is UNAVAILABLE, whatever the doubt and the fault', async () => {
  const faults: Verify[] = [down, () => Promise.reject(new Error('bug'))]
  for (const fallback of faults) {
    const { verify, state, local } = makeWorld(fallback)
    state.ageMs = 9_999
    await assert.rejects(verify(token), { name: 'AuthError', code: 'UNAVAILABLE' })
    state.doubt = 'BOOTSTRAPPING'
    await assert.rejects(verify(token), { name: 'AuthError', code: 'UNAVAILABLE' })
    await assert.rejects(verify(makeIssuer('ES256', 'k2').sign()), { code: 'UNAVAILABLE' })
    assert.equal(local.counts().unavailable, 3)
  }
})

test('a route may choose a larger S; that says nothing about doubts', async () => {
  const { verify, state } = makeWorld(down)
  state.ageMs = 50_000
  await verify(token, { maxStalenessMs: 60_000 })
  state.doubt = 'GAP'
  await assert.rejects(verify(token, { maxStalenessMs: 60_000 }), { code: 'UNAVAILABLE' })
})

test('allowStale judges by the view as it was, counts, and logs once a second; never without a view or a key', async () => {
  const { verify, state, view, local, warnings } = makeWorld(down)
  const allowStale = { onUnavailable: 'allowStale' } as const
  state.doubt = 'EPOCH_CHANGED'
  for (let n = 0; n < 5; n++) await verify(token, allowStale)
  state.monotonicMs = 1_000
  await verify(token, allowStale)
  assert.equal(local.counts().allowedStale, 6)
  assert.deepEqual(warnings, [
    { reason: 'EPOCH_CHANGED', ageMs: undefined, allowedStale: 1 },
    { reason: 'EPOCH_CHANGED', ageMs: undefined, allowedStale: 6 },
  ])
  await assert.rejects(verify(makeIssuer('ES256', 'k2').sign(), allowStale), { code: 'UNAVAILABLE' })
  view.add(session)
  await assert.rejects(verify(token, allowStale), { code: 'UNAUTHENTICATED', reason: 'REVOKED' })
  state.hasBeenComplete = false
  await assert.rejects(verify(token, allowStale), { code: 'UNAVAILABLE' })
})

test('allowStale asks ValidateToken first', async () => {
  const { verify, state } = makeWorld(async () => remote)
  state.ageMs = 9_999
  assert.equal(await verify(token, { onUnavailable: 'allowStale' }), remote)
})

test('a view that becomes FRESH while nobody answers decides after all', async () => {
  const world = makeWorld(async () => {
    world.state.doubt = undefined
    throw unavailable('DEADLINE_EXCEEDED', 'late')
  })
  world.state.doubt = 'NO_HEARTBEAT'
  assert.equal((await world.verify(token)).userId, goodClaims.sub)
})

test('atLeast is judged for its call only and never becomes part of R', async () => {
  const { verify, view } = makeWorld()
  const atLeast = { epoch: 'e', entries: [{ type: 'user', subject: goodClaims.sub, minTv: 2 } as const] }
  await verify(token)
  await assert.rejects(verify(token, { atLeast }), { code: 'UNAUTHENTICATED', reason: 'REVOKED' })
  await verify(token)
  assert.equal(view.entries, 0)
  await verify(token, { atLeast: { epoch: 'e', entries: [{ type: 'session', subject: 'other' }] } })
})

test('a mark of another epoch is for ValidateToken to judge', async () => {
  const { verify } = makeWorld(async () => remote)
  assert.equal(await verify(token, { atLeast: { epoch: 'other', entries: [session] } }), remote)
})

test('R11: a token whose entries may have been dropped is not judged in process, though a clock goes back', async () => {
  const { verify, view, state } = makeWorld(() => Promise.reject(tokenRefusal('REVOKED')))
  view.expire(goodClaims.exp + 31)
  state.databaseMs = goodClaims.exp * 1000 + 31_000
  await assert.rejects(verify(token), { reason: 'EXPIRED' })
  state.databaseMs = issuedAt * 1000 + 5_000
  await assert.rejects(verify(token), { reason: 'REVOKED' })
  const outage = makeWorld(down)
  outage.view.expire(goodClaims.exp + 31)
  await assert.rejects(outage.verify(token, { onUnavailable: 'allowStale' }), { code: 'UNAVAILABLE' })
})

test('R10: times are judged by the database’s clock: a wrong clock of this machine refuses no valid token', async () => {
  const { verify, state } = makeWorld()
  state.databaseMs = goodClaims.exp * 1000 - 10
  await verify(token)
  state.databaseMs = issuedAt * 1000
  await verify(token)
})

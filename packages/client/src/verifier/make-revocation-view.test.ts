import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { goodClaims, issuedAt } from '../test/make-issuer.ts'
import { isRevokedBy } from './is-revoked-by.ts'
import { makeRevocationView, type RevocationView } from './make-revocation-view.ts'
import type { AccessTokenClaims } from './read-claims.ts'
import type { RevocationEntry } from './revocation.ts'
import { toTokenSubjects } from './to-token-subjects.ts'

const uuid = (n: number) => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const claims: AccessTokenClaims = { ...goodClaims, aud: ['immersiverse'], nbf: undefined, tv: 5 }
const keyId = 'k1'
const expiresAt = new Date(goodClaims.exp * 1000)

function viewOf(entries: readonly RevocationEntry[]): RevocationView {
  const view = makeRevocationView()
  for (const entry of entries) assert.ok(view.add(entry))
  return view
}

const judge = (view: RevocationView, of = claims, kid = keyId) => view.isRevoked(toTokenSubjects(of, kid))

/** For each level: absent, about another subject, and what is older, equal or newer than the token; whether it revokes. */
const levels: readonly (readonly [RevocationEntry | undefined, boolean])[][] = [
  [
    [undefined, false],
    [{ type: 'token', subject: uuid(99), expiresAt }, false],
    [{ type: 'token', subject: claims.jti, expiresAt }, true],
  ],
  [
    [undefined, false],
    [{ type: 'session', subject: claims.jti, expiresAt }, false],
    [{ type: 'session', subject: claims.sid, expiresAt }, true],
  ],
  [
    [undefined, false],
    [{ type: 'user', subject: claims.sub, minTv: 0, expiresAt }, false],
    [{ type: 'user', subject: claims.sub, minTv: 4, expiresAt }, false],
    [{ type: 'user', subject: claims.sub, minTv: 5, expiresAt }, false],
    [{ type: 'user', subject: claims.sub, minTv: 6, expiresAt }, true],
    [{ type: 'user', subject: uuid(99), minTv: 6, expiresAt }, false],
  ],
  [
    [undefined, false],
    [{ type: 'key', subject: 'k2' }, false],
    [{ type: 'key', subject: keyId }, true],
  ],
  [
    [undefined, false],
    [{ type: 'issuer', subject: claims.iss, until: 0 }, false],
    [{ type: 'issuer', subject: claims.iss, until: issuedAt - 1 }, false],
    [{ type: 'issuer', subject: claims.iss, until: issuedAt }, true],
    [{ type: 'issuer', subject: claims.iss, until: issuedAt + 1 }, true],
    [{ type: 'issuer', subject: 'http://other', until: issuedAt + 1 }, false],
  ],
]

test('R3: every combination of levels, older, newer, zero and absent, is the OR of them', () => {
  let combinations: { entries: RevocationEntry[]; revoked: boolean }[] = [{ entries: [], revoked: false }]
  for (const level of levels) {
    combinations = combinations.flatMap(({ entries, revoked }) =>
      level.map(([entry, revokes]) => ({
        entries: entry === undefined ? entries : [...entries, entry],
        revoked: revoked || revokes,
      })),
    )
  }
  assert.equal(combinations.length, 3 * 3 * 6 * 3 * 6)
  for (const { entries, revoked } of combinations) {
    assert.equal(judge(viewOf(entries)), revoked, JSON.stringify(entries))
    assert.equal(
      entries.some((entry) => isRevokedBy(entry, claims, keyId)),
      revoked,
    )
  }
})

const subjects = fc.oneof(
  fc.integer({ min: 0, max: 3 }).map(uuid),
  fc.constantFrom('anna', 'ANNA', uuid(10).toUpperCase()),
)
const seconds = fc.integer({ min: 1, max: 50 })
const expiries = fc.option(
  seconds.map((s) => new Date(s * 1000)),
  { nil: undefined },
)
const anyEntry: fc.Arbitrary<RevocationEntry> = fc.oneof(
  fc.record({ type: fc.constantFrom('token', 'session'), subject: subjects, expiresAt: expiries }),
  fc.record({
    type: fc.constant('user'),
    subject: subjects,
    minTv: fc.oneof(fc.nat(4), fc.constant(2 ** 40 + 1)),
    expiresAt: expiries,
  }),
  fc.record({ type: fc.constant('key'), subject: subjects }),
  fc.record({ type: fc.constant('issuer'), subject: subjects, until: seconds }),
) as fc.Arbitrary<RevocationEntry>
const anyClaims = fc
  .record({ jti: subjects, sid: subjects, sub: subjects, iss: subjects, iat: fc.nat(50), tv: fc.nat(4) })
  .map((some): AccessTokenClaims => ({ ...claims, ...some, exp: some.iat + 20 }))
const anyKeyId = subjects

test('R4: any permutation and duplication of the log gives the same R', () => {
  const logs = fc.array(anyEntry, { maxLength: 20 }).chain((log) =>
    fc.tuple(
      fc.constant(log),
      fc.shuffledSubarray([...log, ...log, ...log], { minLength: 0 }).map((some) => [...some, ...log]),
      fc.shuffledSubarray(log, { minLength: log.length, maxLength: log.length }),
    ),
  )
  fc.assert(
    fc.property(logs, fc.array(anyClaims, { minLength: 5, maxLength: 5 }), anyKeyId, (all, tokens, kid) => {
      const views = all.map(viewOf)
      for (const token of tokens) {
        const expected = all[0].some((entry) => isRevokedBy(entry, token, kid))
        for (const view of views) assert.equal(judge(view, token, kid), expected)
      }
      assert.equal(new Set(views.map((view) => view.entries)).size, 1)
    }),
    { numRuns: 500 },
  )
})

test('R4, R11: with time passing between the entries of any order, every token that lives is judged by all of them', () => {
  const steps = fc.array(fc.oneof(anyEntry, seconds), { maxLength: 40 })
  fc.assert(
    fc.property(steps, fc.array(anyClaims, { minLength: 5, maxLength: 5 }), anyKeyId, (log, tokens, kid) => {
      const view = makeRevocationView({ skewSeconds: 3 })
      for (const step of log) {
        if (typeof step === 'number') view.expire(step)
        else assert.ok(view.add(step))
      }
      for (const token of tokens) {
        if (token.exp <= view.horizonSeconds) continue
        const covering = log.filter(
          (step) =>
            typeof step !== 'number' &&
            !(
              'expiresAt' in step &&
              step.expiresAt !== undefined &&
              step.expiresAt.getTime() / 1000 < token.exp
            ),
        ) as RevocationEntry[]
        // Entries that expire before the token cover it only where the server was wrong about `expiresAt`; those may be gone.
        if (covering.some((entry) => isRevokedBy(entry, token, kid))) assert.ok(judge(view, token, kid))
        const all = log.filter((step) => typeof step !== 'number') as RevocationEntry[]
        if (judge(view, token, kid)) assert.ok(all.some((entry) => isRevokedBy(entry, token, kid)))
      }
    }),
    { numRuns: 500 },
  )
})

test('R8: of many random subjects none that was not revoked is found', () => {
  const view = makeRevocationView()
  const of = (seed: number): AccessTokenClaims => {
    const id = (part: number) => {
      const hex = (Math.imul(seed + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
      return `${hex}-${part}000-7000-8000-${seed.toString(16).padStart(12, '0')}`
    }
    return { ...claims, jti: id(1), sid: id(2), sub: id(3) }
  }
  for (let n = 0; n < 20_000; n += 2) view.add({ type: 'session', subject: of(n).sid, expiresAt })
  for (let n = 0; n < 20_000; n++) assert.equal(judge(view, of(n)), n % 2 === 0, `${n}`)
})

test('R9: tokens of the second of a user revocation are told apart by their tv', () => {
  const view = viewOf([{ type: 'user', subject: claims.sub, minTv: 6, expiresAt }])
  assert.equal(judge(view, { ...claims, tv: 5 }), true)
  assert.equal(judge(view, { ...claims, tv: 6 }), false)
})

/** Whether keys, issuers and what has no expiry outlast any time. */
function keepsLastingEntries(view: RevocationView): boolean {
  view.add({ type: 'key', subject: keyId })
  view.add({ type: 'issuer', subject: claims.iss, until: 7 })
  view.expire(4_000_000_000)
  return judge(view) && judge(view, { ...claims, iat: 7 }, 'k2')
}

test('R11: keys and issuers outlast any time', () => {
  assert.ok(keepsLastingEntries(makeRevocationView()))
})

test('R11 catches: kid entries that expire', () => {
  const view = makeRevocationView()
  const bad: RevocationView = {
    version: 0,
    horizonSeconds: 0,
    entries: 0,
    bytes: 0,
    expire: (seconds) => view.expire(seconds),
    // As if the key were one more thing that is forgotten with its tokens.
    add: (entry) =>
      entry.type === 'key' ? view.add({ type: 'token', subject: claims.jti, expiresAt }) : view.add(entry),
    isRevoked: (subjects) => view.isRevoked({ ...subjects, keyId: 'none' }),
  }
  assert.equal(keepsLastingEntries(bad), false)
})

test('R11: an entry goes only past its expiry and the skew', () => {
  const view = makeRevocationView({ skewSeconds: 30 })
  const lasting: RevocationEntry[] = [
    { type: 'key', subject: 'old' },
    { type: 'issuer', subject: 'http://old', until: 7 },
    { type: 'session', subject: uuid(8) },
  ]
  for (const entry of lasting) view.add(entry)
  view.add({ type: 'session', subject: claims.sid, expiresAt })
  view.add({ type: 'token', subject: 'no-uuid', expiresAt })
  view.expire(claims.exp + 30.9)
  assert.equal(view.entries, 5)
  assert.ok(judge(view))
  view.expire(claims.exp + 31)
  assert.equal(view.entries, 3)
  assert.ok(claims.exp <= view.horizonSeconds, 'what it covered is not judged by this view from then on')
  view.expire(4_000_000_000)
  assert.equal(view.entries, 3)
})

test('a clock that goes back does not bring the horizon back', () => {
  const view = makeRevocationView({ skewSeconds: 0 })
  view.expire(100)
  view.expire(50)
  assert.equal(view.horizonSeconds, 100)
})

test('expiry comes round: entries of all ages leave a table that grows, whatever moves', () => {
  const view = makeRevocationView({ skewSeconds: 0 })
  let alive = 0
  for (let now = 1; now <= 300; now++) {
    for (let n = 0; n < 100; n++) {
      view.add({
        type: 'user',
        subject: uuid(now * 1000 + n),
        minTv: 1,
        expiresAt: new Date((now + 20) * 1000),
      })
    }
    for (let n = 0; n < 3; n++) view.expire(now)
    alive = Math.min(now, 21) * 100
    assert.ok(view.entries >= alive, `${view.entries} of ${alive}`)
    assert.ok(view.entries <= alive + 500, `${view.entries} of ${alive}`)
    const young = { ...claims, sub: uuid(now * 1000 - 20_000 + 5), tv: 0 }
    if (now > 21) assert.ok(judge(view, young), `${now}`)
  }
})

test('a full view takes no more and drops nothing that lives; what has expired makes room', () => {
  const view = makeRevocationView({ maxEntries: 3, maxTextEntries: 2, skewSeconds: 0 })
  const session = (n: number, second: number): RevocationEntry => ({
    type: 'session',
    subject: uuid(n),
    expiresAt: new Date(second * 1000),
  })
  for (const n of [1, 2, 3]) assert.ok(view.add(session(n, n * 100)))
  assert.equal(view.add(session(4, 400)), false)
  assert.ok(view.add(session(3, 500)), 'what it knows needs no room')
  for (const n of [1, 2, 3]) assert.ok(judge(view, { ...claims, sid: uuid(n) }), `${n}`)
  view.expire(101)
  assert.ok(view.add(session(4, 400)))
  assert.ok(view.add({ type: 'key', subject: 'a' }) && view.add({ type: 'key', subject: 'b' }))
  assert.equal(view.add({ type: 'key', subject: 'c' }), false)
})

test('the version changes with R and only then', () => {
  const view = makeRevocationView()
  const entry: RevocationEntry = { type: 'user', subject: claims.sub, minTv: 3, expiresAt }
  view.add(entry)
  const { version } = view
  view.add(entry)
  view.add({ ...entry, minTv: 2 })
  assert.equal(view.version, version)
  view.add({ ...entry, minTv: 4 })
  assert.notEqual(view.version, version)
})

import fc from 'fast-check'
import type { AccessTokenClaims } from '../../../packages/client/src/verifier/read-claims.ts'
import type { RevocationEntry } from '../../../packages/client/src/verifier/revocation.ts'
import { toTokenSubjects } from '../../../packages/client/src/verifier/to-token-subjects.ts'
import { count, Disagreement, type MakeFuzzClass } from '../fuzz-class.ts'
import { covers, isRevoked, type PlainEntry, type PlainToken } from '../reference/revoked.ts'
import { issuedAt } from '../world.ts'

const uuids = [
  '01890000-0000-7000-8000-000000000001',
  // One bit away, in each of the four words.
  '01890000-0000-7000-8000-000000000000',
  '01890000-0000-7000-8001-000000000001',
  '01890000-0000-7001-8000-000000000001',
  '81890000-0000-7000-8000-000000000001',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-0000-0000-000000000000',
]
const subjects = [
  ...uuids,
  ...[
    '01890000-0000-7000-8000-00000000000A',
    '01890000-0000-7000-8000-00000000000a',
    'k-es',
    'K-ES',
    '__proto__',
  ],
  ...[
    '0189000000007000800000000000000001',
    ' 01890000-0000-7000-8000-000000000001',
    'https://auth.example',
    'a',
    '0',
  ],
  ...[
    '01890000-0000-7000-8000-00000000000\u0130',
    'constructor',
    '01890000_0000_7000_8000_000000000001',
    'é',
    'x'.repeat(512),
  ],
]
const counts = [0, 1, 2, 3, 4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]
const expiries = [
  -1, 0, 1, 599, 600, 629, 630, 631, 660, 1_000, 1e6, 2_494_967_294, 2_494_967_295, 2_494_967_296, 1e12,
]

const subject = fc.constantFrom(...subjects)
const types = ['token', 'session', 'user', 'key', 'issuer'] as const
const entry: fc.Arbitrary<PlainEntry> = fc.record(
  {
    type: fc.constantFrom(...types),
    subject,
    minTv: fc.constantFrom(...counts),
    until: fc.constantFrom(...counts, issuedAt - 1, issuedAt, issuedAt + 1),
    expiresSeconds: fc.option(
      fc.constantFrom(...expiries).map((after) => (after < 0 ? 0 : issuedAt + after)),
      { nil: undefined },
    ),
  },
  { noNullPrototype: true },
)
const token: fc.Arbitrary<PlainToken> = fc.record(
  {
    jti: subject,
    sid: subject,
    sub: subject,
    tv: fc.constantFrom(...counts),
    kid: subject,
    iss: subject,
    iat: fc.constantFrom(...counts, issuedAt),
  },
  { noNullPrototype: true },
)
const inputs = fc.record(
  {
    entries: fc.array(entry, { maxLength: 6 }),
    tokens: fc.array(token, { minLength: 1, maxLength: 3 }),
    /** When time is told, in entries, and how late it is. */
    told: fc.tuple(fc.nat(6), fc.constantFrom(0, 600, 630, 661, 2_000)),
    order: fc.nat(9_999),
    /** Others that make tables grow; a limit that may be reached. */
    others: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(160) }),
    maxEntries: fc.oneof(
      { weight: 12, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.nat(6) },
    ),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

const skewSeconds = 30

/** Sets of revocations in any order, with repetitions and time going on: what the view revokes is what the plain list does (R3, R4, R8, R11). */
export const makeRevocationsClass: MakeFuzzClass<Input> = (_world, subject, tally) => ({
  inputs,
  check: (input) => {
    const { entries, tokens, order } = input
    const view = fill(subject, input, entries)
    const again = fill(subject, input, permute(entries, order))
    for (const one of tokens) {
      const claims = { ...one, exp: issuedAt + 600 } as unknown as AccessTokenClaims
      for (const of of entries) {
        const is = subject.isRevokedBy(toEntry(of), claims, one.kid)
        if (is !== covers(of, one)) throw new Disagreement(is, !is, { one, of })
      }
      for (const made of [view, again]) {
        // Where a limit was reached nothing is accepted by the view.
        if (made === undefined) continue
        const revoked = made.isRevoked(toTokenSubjects(claims, one.kid))
        const expected = isRevoked(entries, one, made.horizonSeconds)
        if (expected !== undefined && revoked !== expected)
          throw new Disagreement(revoked, expected, { input, one })
      }
    }
    const isAny = view !== undefined && tokens.some((one) => isRevoked(entries, one, view.horizonSeconds))
    count(tally, view === undefined ? 'limit' : isAny ? 'revoked' : undefined)
  },
})

type Subject = Parameters<MakeFuzzClass>[1]

/** A view with the entries; undefined where a limit was reached. */
function fill(subject: Subject, { told, others, maxEntries, order }: Input, entries: readonly PlainEntry[]) {
  const view = subject.makeView({ skewSeconds, ...(maxEntries !== undefined && { maxEntries }) })
  const [when, late] = told
  let isWhole = true
  for (const [at, one] of entries.entries()) {
    if (at === when) view.expire(issuedAt + late)
    isWhole = view.add(toEntry(one)) && isWhole
  }
  for (let n = 0; n < others; n++) isWhole = view.add(toOther(n * 2_654_435_761 + order)) && isWhole
  view.expire(issuedAt + late)
  return isWhole ? view : undefined
}

function toEntry({ type, subject, minTv, until, expiresSeconds }: PlainEntry): RevocationEntry {
  const expiresAt = expiresSeconds === undefined ? undefined : new Date(expiresSeconds * 1000)
  if (type === 'user') return { type, subject, minTv, expiresAt }
  if (type === 'issuer') return { type, subject, until }
  return type === 'key' ? { type, subject } : { type, subject, expiresAt }
}

/** An entry that covers none of the tokens, soon forgotten. */
function toOther(number: number): RevocationEntry {
  const hex = (number % 2 ** 48).toString(16).padStart(12, '0')
  return {
    type: 'session',
    subject: `fedcba98-0000-7000-8000-${hex}`,
    expiresAt: new Date((issuedAt + 10) * 1000),
  }
}

/** Another order, and every third entry twice. */
function permute(entries: readonly PlainEntry[], order: number): readonly PlainEntry[] {
  const all = [...entries, ...entries.filter((_, at) => (at + order) % 3 === 0)]
  return all
    .map((one, at) => ({ one, key: Math.imul(at + 1, order * 2 + 1) % 1_009 }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one)
}

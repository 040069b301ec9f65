import fc from 'fast-check'
import { makeTokenComparison, toMoment } from '../compare-tokens.ts'
import type { MakeFuzzClass } from '../fuzz-class.ts'
import { editJson, jsonEdits } from '../json-edits.ts'
import type { Moment } from '../reference/judge-token.ts'
import { issuedAt, makeClaims, signToken, toHeader, type World } from '../world.ts'

const absent = Symbol('absent')
const texts = [
  '',
  'a',
  'https://auth.example',
  'https://auth.example/',
  '\ud800',
  '\udc00a',
  'é',
  '\0',
  ' ',
  'x'.repeat(300),
]
const odd = [absent, null, true, false, [], {}, [null], -1, 0, 1.5, '1', ...texts]
const times = [
  -1,
  -0,
  0,
  1,
  0.5,
  issuedAt - 1,
  issuedAt,
  issuedAt + 0.5,
  issuedAt + 1,
  issuedAt + 62,
  issuedAt + 63,
].concat([
  issuedAt + 600,
  issuedAt + 899,
  issuedAt + 900,
  issuedAt + 901,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  -1e300,
  1e21,
])
const lists = [
  ...[
    ['immersiverse'],
    ['chat'],
    ['chat', 'immersiverse'],
    ['Immersiverse'],
    [],
    [''],
    ['user'],
    ['USER'],
    ['user', 1],
  ],
  ...[
    [['user']],
    ['\ud800'],
    [null],
    'immersiverse',
    'user',
    { 0: 'user', length: 1 },
    Array.from({ length: 64 }, String),
  ],
]
const values: Readonly<Record<string, readonly unknown[]>> = {
  iss: odd,
  aud: [...lists, ...odd],
  sub: odd,
  sid: odd,
  jti: odd,
  client_id: odd,
  tier: odd,
  name: odd,
  roles: [...lists, ...odd],
  iat: [...times, ...odd],
  exp: [...times, ...odd],
  nbf: [...times, ...odd],
  tv: [...times, ...odd],
}
const names = Object.keys(values)

const inputs = fc.record(
  {
    key: fc.nat(9_999),
    edits: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(9_999)), { maxLength: 2 }),
    json: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: jsonEdits }),
    moment: fc.nat(9_999),
  },
  { noNullPrototype: true },
)

type Input = typeof inputs extends fc.Arbitrary<infer T> ? T : never

/** Claims of every shape, correctly signed, at moments around their times. */
export const makeClaimsClass: MakeFuzzClass<Input> = (world, subject, tally) => {
  const { compare } = makeTokenComparison(world, subject, tally)
  return {
    inputs,
    check: (input) => compare(toToken(world, input), chooseMoment(toMoment(world), input.moment)),
  }
}

/** A moment around the edges of a token's times, mostly a good one. */
export function chooseMoment(usual: Moment, pick: number): Moment {
  const edge = [issuedAt, issuedAt + 600, issuedAt + 900, issuedAt + 60][pick % 4] ?? 0
  const leewaySeconds = [0, 2, 30, 0.5][(pick >> 2) % 4] ?? 0
  const offset = [0, -leewaySeconds, leewaySeconds, -0.001, 0.001, 1, -1][(pick >> 4) % 7] ?? 0
  const requiredRoles = [[], ['user'], ['user', 'admin'], ['root'], ['us']][(pick >> 7) % 5] ?? []
  if (pick % 3 !== 0) return { ...usual, requiredRoles }
  const audience = (pick >> 9) % 8 === 0 ? 'chat' : usual.audience
  const issuer = (pick >> 9) % 8 === 1 ? 'https://auth.example/' : usual.issuer
  return { ...usual, nowSeconds: edge + offset, leewaySeconds, requiredRoles, audience, issuer }
}

function toToken({ keys }: World, { key: at, edits, json }: Input): string {
  // Mostly Ed25519, which signs fastest.
  const key = keys[at % 40 === 0 ? 2 : at % 10 === 1 ? 0 : 1] ?? keys[0]
  if (key === undefined) throw new Error('a world has keys')
  const claims: Record<string, unknown> = { ...makeClaims(at % 60) }
  for (const [name, pick] of edits) {
    const list = values[name] ?? []
    const value = list[pick % list.length]
    if (value === absent) delete claims[name]
    else claims[name] = value
  }
  return signToken(JSON.stringify(toHeader(key)), editJson(JSON.stringify(claims), json), key)
}

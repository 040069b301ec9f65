import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import type { CallerPolicy } from '../../domain/caller-policy.ts'
import { makeAssertionJudge } from './make-assertion-judge.ts'
import { makeUsedAssertions } from './make-used-assertions.ts'

const id = 'spiffe://immersiverse/ns/test/sa/batch'
const startMs = 1_800_000_000_000

function makeWorld() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const keys = [{ kid: 'one', jwk: { kty: 'EC', crv: 'P-256', x, y } as const }]
  const entry = { id, grants: new Map(), limit: undefined, isAddressAllowed: () => true, keys }
  const policy: CallerPolicy = new Map([[id, entry]])
  let nowMs = startMs
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: async () => undefined }
  const used = makeUsedAssertions(clock)
  const toJudge = () => makeAssertionJudge({ policy, audience: 'us', clock, used })
  const signAs = (header: object, payload: string) => {
    const parts = [JSON.stringify({ alg: 'ES256', kid: 'one', ...header }), payload]
    const signed = parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  const make = (jti: string, seconds = 240, more: object = {}, header: object = {}) => {
    const exp = nowMs / 1000 + seconds
    return signAs(header, JSON.stringify({ iss: id, sub: id, aud: 'us', exp, jti, ...more }))
  }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { toJudge, make, signAs, wait }
}

describe('makeAssertionJudge', () => {
  it('binds an assertion to the address that it first came from', () => {
    const { toJudge, make } = makeWorld()
    const judge = toJudge()
    const assertion = make('a')
    assert.equal(judge(assertion, '10.0.0.1').id, id)
    assert.equal(judge(assertion, '10.0.0.2').id, undefined)
    assert.equal(judge(assertion, '10.0.0.1').id, id)
  })

  it('keeps a jti used when the callers file is read again', () => {
    const { toJudge, make } = makeWorld()
    const assertion = make('a')
    assert.equal(toJudge()(assertion, '10.0.0.1').id, id)
    assert.equal(toJudge()(assertion, '10.0.0.1').id, id)
    const fault = 'the jti of the assertion was used before, or from another address'
    assert.deepEqual(toJudge()(make('a', 200), '10.0.0.1'), { fault })
    assert.deepEqual(toJudge()(assertion, '10.0.0.2'), { fault })
  })

  it('verifies an assertion once, and answers from memory afterwards', () => {
    const { toJudge, make } = makeWorld()
    const judge = toJudge()
    const [one, two] = [make('a'), make('b')]
    const verdict = judge(one, '10.0.0.1')
    judge(two, '10.0.0.2')
    assert.equal(judge(one, '10.0.0.1'), verdict)
  })

  const faults: Record<string, [fault: string, make: (world: ReturnType<typeof makeWorld>) => string]> = {
    'that is no token': ['MALFORMED', () => 'x'],
    'without claims': ['MALFORMED', ({ signAs }) => signAs({}, '[]')],
    'with a claim twice': ['MALFORMED', ({ signAs }) => signAs({}, '{"jti":"a","jti":"b"}')],
    'that was changed': ['BAD_SIGNATURE', ({ make }) => make('a').replace(/\.[^.]+\./, '.e30.')],
    'by a key of nobody': ['UNKNOWN_KEY', ({ make }) => make('a', 240, {}, { kid: 'two' })],
    'by no algorithm': ['WRONG_TYPE', ({ make }) => make('a', 240, {}, { alg: 'none' })],
    'of another algorithm': ['WRONG_TYPE', ({ make }) => make('a', 240, {}, { alg: 'EdDSA' })],
    'of another type': ['WRONG_TYPE', ({ make }) => make('a', 240, {}, { typ: 'at+jwt' })],
    'of a type that is no text': ['WRONG_TYPE', ({ make }) => make('a', 240, {}, { typ: ['jwt'] })],
  }
  for (const [what, [fault, toAssertion]] of Object.entries(faults)) {
    it(`refuses one ${what}`, () => {
      const world = makeWorld()
      const verdict = world.toJudge()(toAssertion(world), '10.0.0.1')
      assert.deepEqual(verdict, { fault: `the assertion is ${fault}` })
    })
  }

  it('takes one of its type, however that is written', () => {
    const { toJudge, make } = makeWorld()
    const judge = toJudge()
    for (const typ of ['jwt', 'JWT', 'application/jwt', 'client-authentication+jwt']) {
      assert.equal(judge(make(typ, 240, {}, { typ }), '10.0.0.1').id, id, typ)
    }
  })

  it('says when an assertion ends, and takes none after', () => {
    const { toJudge, make, wait } = makeWorld()
    const assertion = make('a', 100)
    const verdict = toJudge()(assertion, '10.0.0.1')
    assert.deepEqual('notAfter' in verdict && verdict.notAfter, new Date(startMs + 100_000))
    wait(100_000)
    assert.equal(toJudge()(assertion, '10.0.0.1').id, undefined)
    assert.equal(toJudge()(make('a', 100), '10.0.0.1').id, id)
  })

  const now = startMs / 1000
  const wrong: Record<string, [claims: object, fault: RegExp]> = {
    'no subject': [{ sub: undefined, iss: undefined }, /iss and sub/],
    'a subject that is not its issuer': [{ iss: 'spiffe://immersiverse/x' }, /iss and sub/],
    'the name of another': [
      { iss: 'spiffe://immersiverse/x', sub: 'spiffe://immersiverse/x' },
      /of another caller/,
    ],
    'no audience': [{ aud: undefined }, /aud of the assertion must be us/],
    'two audiences': [{ aud: ['us', 'them'] }, /aud of the assertion must be us/],
    'an empty jti': [{ jti: '' }, /no usable jti/],
    'a long jti': [{ jti: 'x'.repeat(129) }, /no usable jti/],
    'a jti that is a number': [{ jti: 1 }, /no usable jti/],
    'no end': [{ exp: undefined }, /has expired, or has no exp/],
    'an end in the past': [{ exp: now }, /has expired, or has no exp/],
    'an end too far': [{ exp: now + 331 }, /lives longer than 5 minutes/],
    'a life too long': [{ iat: now - 100, exp: now + 201 }, /lives longer than 5 minutes/],
    'a start to come': [{ nbf: now + 31 }, /not valid yet/],
    'an issue to come': [{ iat: now + 31 }, /not valid yet/],
    'a start in words': [{ nbf: 'now' }, /not valid yet/],
    'a start that is null': [{ nbf: null }, /not valid yet/],
    'a start before all time': [{ nbf: -1 }, /not valid yet/],
    'an end after all time': [{ exp: 1e11 }, /has expired, or has no exp/],
  }
  for (const [what, [claims, fault]] of Object.entries(wrong)) {
    it(`refuses one with ${what}`, () => {
      const { toJudge, make } = makeWorld()
      const verdict = toJudge()(make('a', 240, claims), '10.0.0.1')
      assert.match('fault' in verdict ? verdict.fault : '', fault)
    })
  }

  it('takes one at the bounds', () => {
    const { toJudge, make } = makeWorld()
    const judge = toJudge()
    const bounds = [
      { exp: now + 330 },
      { exp: now + 1 },
      { iat: now - 100, exp: now + 200 },
      { nbf: now + 30, iat: now + 30 },
      { nbf: 0 },
      { aud: ['us'] },
      { jti: 'x'.repeat(128) },
    ]
    for (const [index, claims] of bounds.entries()) {
      assert.equal(judge(make(`j${index}`, 240, claims), '10.0.0.1').id, id, JSON.stringify(claims))
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { AccessTokenClaims } from '@immersiverse/auth-client/verifier'
import {
  ValidateTokenRequestSchema,
  ValidateTokenResponseSchema,
  ValidationReason,
} from '@immersiverse/auth-contract'
import fc from 'fast-check'
import type { Validation, ValidationReasonName } from '../use-cases/validate-token.ts'
import { toValidateTokenResponse } from './auth-service.ts'
import { readValidateTokenRequest, writeValidateTokenResponse } from './validate-codec.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => one.isWellFormed())
const token = fc.oneof(
  text,
  fc.base64String({ maxLength: 900 }),
  fc.constantFrom('a'.repeat(127), 'a'.repeat(128), 'a'.repeat(16_384)),
)
const request = fc.record({
  accessToken: token,
  audience: text,
  requiredRoles: fc.array(text, { maxLength: 3 }),
})

/** What a reader gives, or that it throws. */
function outcomeOf(read: () => { accessToken: string; audience: string; requiredRoles: readonly string[] }) {
  try {
    const { accessToken, audience, requiredRoles } = read()
    return { accessToken, audience, requiredRoles: [...requiredRoles] }
  } catch {
    return 'throws'
  }
}

function assertReadsAlike(bytes: Uint8Array): void {
  const expected = outcomeOf(() => fromBinary(ValidateTokenRequestSchema, bytes))
  assert.deepEqual(
    outcomeOf(() => readValidateTokenRequest(bytes)),
    expected,
  )
}

test('requests are read as protobuf-es reads them', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        request,
        token.map((accessToken) => ({ accessToken })),
      ),
      (init) => {
        assertReadsAlike(toBinary(ValidateTokenRequestSchema, create(ValidateTokenRequestSchema, init)))
      },
    ),
    { numRuns: 1000 },
  )
})

test('a request is read alike at any place of a larger buffer', () => {
  const bytes = toBinary(
    ValidateTokenRequestSchema,
    create(ValidateTokenRequestSchema, { accessToken: 'x'.repeat(600) }),
  )
  const larger = new Uint8Array(bytes.length + 20).fill(0x7a)
  larger.set(bytes, 7)
  assert.equal(readValidateTokenRequest(larger.subarray(7, 7 + bytes.length)).accessToken, 'x'.repeat(600))
})

test('bytes that are no request, cut, changed or followed by others, are read or refused as protobuf-es does', () => {
  const whole = fc
    .base64String({ minLength: 120, maxLength: 400 })
    .map((accessToken) =>
      toBinary(ValidateTokenRequestSchema, create(ValidateTokenRequestSchema, { accessToken })),
    )
  const changed = fc
    .tuple(whole, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 5 }), fc.boolean())
    .map(([bytes, at, value, tail, cut]) => {
      const copy = Uint8Array.from([...bytes, ...tail])
      copy[at % copy.length] = value
      return cut ? copy.subarray(0, copy.length - (at % 7)) : copy
    })
  const head = fc
    .tuple(fc.uint8Array({ maxLength: 4 }), whole)
    .map(([junk, bytes]) => Uint8Array.from([...junk, ...bytes]))
  fc.assert(fc.property(fc.oneof(changed, head, fc.uint8Array({ maxLength: 300 })), assertReadsAlike), {
    numRuns: 3000,
  })
})

const seconds = fc.integer({ min: 0, max: 4_102_444_800 })
const claims: fc.Arbitrary<AccessTokenClaims> = fc.record({
  iss: text,
  aud: fc.array(text),
  sub: text,
  sid: text,
  jti: text,
  client_id: text,
  iat: seconds,
  exp: seconds,
  nbf: fc.constant(undefined),
  roles: fc.array(text, { maxLength: 4 }),
  tier: text,
  name: text,
  tv: fc.nat(),
})
const reasons = Object.keys(ValidationReason).filter(
  (name) => Number.isNaN(Number(name)) && name !== 'UNSPECIFIED',
)
const validation: fc.Arbitrary<Validation> = fc.record({
  reason: fc.option(fc.constantFrom(...(reasons as ValidationReasonName[])), { nil: undefined }),
  claims: fc.option(claims, { nil: undefined }),
  checkedAt: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
})

test('answers are the bytes of protobuf-es, also when claims and instants come again', () => {
  fc.assert(
    fc.property(validation, (one) => {
      const message = create(ValidateTokenResponseSchema, toValidateTokenResponse(one))
      const expected = Buffer.from(toBinary(ValidateTokenResponseSchema, message))
      assert.deepEqual(writeValidateTokenResponse(one), expected)
      assert.deepEqual(writeValidateTokenResponse({ ...one, checkedAt: new Date(one.checkedAt) }), expected)
      assert.deepEqual(writeValidateTokenResponse(one), expected)
    }),
    { numRuns: 1000 },
  )
})

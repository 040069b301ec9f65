import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goodClaims, issuedAt } from '../test/make-issuer.ts'
import { judgeClaims } from './judge-claims.ts'

const claims = { ...goodClaims, aud: ['immersiverse', 'chat'], nbf: undefined }
const rules = {
  issuer: goodClaims.iss,
  audience: 'immersiverse',
  nowSeconds: issuedAt + 1,
  leewaySeconds: 0,
  requiredRoles: [] as string[],
}

test('claims that hold here and now have no fault', () => {
  assert.equal(judgeClaims(claims, rules), undefined)
  assert.equal(judgeClaims(claims, { ...rules, audience: 'chat', requiredRoles: ['user'] }), undefined)
})

test('a token ends on the second of exp, later by the leeway', () => {
  const at = (nowSeconds: number, leewaySeconds = 0) =>
    judgeClaims(claims, { ...rules, nowSeconds, leewaySeconds })
  assert.equal(at(claims.exp - 0.001), undefined)
  assert.equal(at(claims.exp), 'EXPIRED')
  assert.equal(at(claims.exp + 29.999, 30), undefined)
  assert.equal(at(claims.exp + 30, 30), 'EXPIRED')
})

test('a token issued or starting in the future is NOT_YET_VALID, within the leeway it is valid', () => {
  const at = (nowSeconds: number, leewaySeconds = 0) =>
    judgeClaims(claims, { ...rules, nowSeconds, leewaySeconds })
  assert.equal(at(issuedAt), undefined)
  assert.equal(at(issuedAt - 0.001), 'NOT_YET_VALID')
  assert.equal(at(issuedAt - 5, 5), undefined)
  assert.equal(judgeClaims({ ...claims, nbf: issuedAt + 2 }, rules), 'NOT_YET_VALID')
  assert.equal(judgeClaims({ ...claims, nbf: issuedAt + 1 }, rules), undefined)
})

test('another issuer or audience is refused, exactly compared', () => {
  assert.equal(judgeClaims(claims, { ...rules, issuer: `${rules.issuer}/` }), 'WRONG_ISSUER')
  assert.equal(judgeClaims(claims, { ...rules, audience: 'immers' }), 'WRONG_AUDIENCE')
  assert.equal(judgeClaims({ ...claims, aud: [] }, rules), 'WRONG_AUDIENCE')
})

test('every required role must be there', () => {
  assert.equal(judgeClaims(claims, { ...rules, requiredRoles: ['user', 'admin'] }), 'MISSING_ROLE')
})

test('of several faults the first in the contract order is named', () => {
  const bad = { ...rules, issuer: 'x', audience: 'x', requiredRoles: ['x'] }
  assert.equal(judgeClaims(claims, { ...bad, nowSeconds: claims.exp }), 'EXPIRED')
  assert.equal(judgeClaims(claims, { ...bad, nowSeconds: 0 }), 'WRONG_ISSUER')
  assert.equal(judgeClaims(claims, { ...bad, issuer: rules.issuer, nowSeconds: 0 }), 'WRONG_AUDIENCE')
  assert.equal(judgeClaims(claims, { ...rules, nowSeconds: 0, requiredRoles: ['x'] }), 'NOT_YET_VALID')
})

test('a leeway above 30 s and a clock that is no number are faults of the program', () => {
  for (const leewaySeconds of [-1, 31, Number.NaN]) {
    assert.throws(() => judgeClaims(claims, { ...rules, leewaySeconds }), RangeError)
  }
  assert.throws(() => judgeClaims(claims, { ...rules, nowSeconds: Number.NaN }), RangeError)
})

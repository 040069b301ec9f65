import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findBearer } from './find-bearer.ts'

test('a bearer token is read, whatever the case of the scheme', () => {
  assert.equal(findBearer(['Bearer a.b-c_d~e+f/g==']), 'a.b-c_d~e+f/g==')
  assert.equal(findBearer(['bEaReR  t ']), 't')
})

test('no header and another scheme are no token', () => {
  for (const values of [undefined, [], ['Basic YTpi'], ['Bearertoken'], ['']]) {
    assert.equal(findBearer(values), undefined)
  }
})

test('two headers and what is no token are MALFORMED', () => {
  for (const values of [['Bearer a', 'Bearer b'], ['Bearer'], ['Bearer '], ['Bearer a b'], ['Bearer ä']]) {
    assert.throws(() => findBearer(values), {
      reason: 'INVALID_ACCESS_TOKEN',
      details: { metadata: { validation_reason: 'MALFORMED' } },
    })
  }
})

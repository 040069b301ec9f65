import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBearer } from './read-bearer.ts'

test('the token after the scheme is read, whatever the letter case and spaces', () => {
  for (const value of ['Bearer a.b-c_~+/==', 'bearer a.b-c_~+/==', 'BEARER   a.b-c_~+/==  ']) {
    assert.equal(readBearer(value), 'a.b-c_~+/==')
    assert.equal(readBearer([value]), 'a.b-c_~+/==')
  }
})

test('no header, no scheme and another scheme are MISSING_ACCESS_TOKEN', () => {
  for (const value of [undefined, null, '', [], 'a.b.c', 'Basic abc', 'Bearerx abc']) {
    assert.throws(() => readBearer(value), { code: 'UNAUTHENTICATED', reason: 'MISSING_ACCESS_TOKEN' })
  }
})

test('two values and anything but a single word are MALFORMED', () => {
  for (const value of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer   ',
    'bearer',
    'bearer a b',
    ['Bearer a', 'Bearer b'],
  ]) {
    assert.throws(() => readBearer(value), { code: 'UNAUTHENTICATED', reason: 'MALFORMED' })
  }
})

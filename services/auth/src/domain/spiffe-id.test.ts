import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findSpiffeId } from './spiffe-id.ts'

describe('findSpiffeId', () => {
  it('reads trust domain and path', () => {
    assert.deepEqual(findSpiffeId('spiffe://immersiverse/ns/prod/sa/chat-service'), {
      trustDomain: 'immersiverse',
      path: '/ns/prod/sa/chat-service',
    })
    assert.deepEqual(findSpiffeId('spiffe://a-1_b.c/A.b-c_D'), { trustDomain: 'a-1_b.c', path: '/A.b-c_D' })
  })

  const wrong = [
    '',
    'spiffe://immersiverse',
    'spiffe://immersiverse/',
    'spiffe:///path',
    'spiffe://immersiverse/a/',
    'spiffe://immersiverse//a',
    'spiffe://immersiverse/./a',
    'spiffe://immersiverse/a/..',
    'spiffe://immersiverse:80/a',
    'spiffe://user@immersiverse/a',
    'spiffe://immersiverse/a?b',
    'spiffe://immersiverse/a#b',
    'spiffe://immersiverse/a%20b',
    'spiffe://Immersiverse/a',
    'SPIFFE://immersiverse/a',
    'https://immersiverse/a',
    'xspiffe://immersiverse/a',
    'spiffe://immersiverse/a\n',
    'spiffe://immersiverse/a\0',
    'spiffe://immersiverse/ä',
    `spiffe://${'a'.repeat(256)}/a`,
    `spiffe://a/${'b'.repeat(2048)}`,
  ]
  for (const text of wrong) {
    it(`takes ${JSON.stringify(text.slice(0, 40))} for none`, () =>
      assert.equal(findSpiffeId(text), undefined))
  }

  it('takes one of 2,048 bytes', () => {
    const text = `spiffe://a/${'b'.repeat(2048 - 11)}`
    assert.equal(text.length, 2048)
    assert.ok(findSpiffeId(text))
  })
})

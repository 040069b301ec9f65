import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeTestEdge } from './test/make-test-edge.ts'

describe('the signing keys', () => {
  test('may be kept as long as the settings say, and are asked for again by their tag', async () => {
    const { app } = makeTestEdge()
    const url = '/.well-known/jwks.json'
    const answer = await app.inject({ method: 'GET', url })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.body, '{"keys":[]}')
    assert.equal(answer.headers['content-type'], 'application/jwk-set+json')
    assert.equal(answer.headers['cache-control'], 'public, max-age=300')
    const etag = String(answer.headers.etag)
    const again = await app.inject({ method: 'GET', url, headers: { 'if-none-match': `"x", W/${etag}` } })
    assert.equal(again.statusCode, 304)
    assert.equal(again.body, '')
    assert.equal(again.headers.etag, etag)
    const other = await app.inject({ method: 'GET', url, headers: { 'if-none-match': '"x"' } })
    assert.equal(other.statusCode, 200)
  })
})

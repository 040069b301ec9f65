import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeTestEdge, mina } from './test/make-test-edge.ts'

const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('bodies', () => {
  const post = (payload: string | Buffer, headers: Record<string, string>) =>
    makeTestEdge().app.inject({ method: 'POST', url: '/v1/auth/login', headers, payload })

  test('are JSON in UTF-8 and say so', async () => {
    assert.equal((await post('{}', json)).statusCode, 200)
    assert.equal((await post('{}', { 'content-type': 'Application/JSON; Charset="UTF-8"' })).statusCode, 200)
    for (const type of [
      'text/plain',
      'application/json; charset=utf-16',
      'application/jsonx',
      'x',
      'a b/c',
    ]) {
      const answer = await post('{}', { 'content-type': type })
      assert.equal(answer.statusCode, 415, type)
      assert.equal(answer.headers.accept, 'application/json')
      assert.equal(answer.json().reason, 'MALFORMED_MESSAGE')
    }
    assert.equal((await post('{}', { ...json, 'content-encoding': 'gzip' })).statusCode, 415)
  })

  test('may be empty, whatever their type', async () => {
    assert.equal((await post('', json)).statusCode, 200)
    assert.equal((await post('', { 'content-type': 'application/x-www-form-urlencoded' })).statusCode, 200)
  })

  test('have at most 64 KiB', async () => {
    const fit = `{}${' '.repeat(64 * 1024 - 2)}`
    assert.equal((await post(fit, json)).statusCode, 200)
    const answer = await post(`${fit} `, json)
    assert.equal(answer.statusCode, 413)
    assert.equal(answer.json().reason, 'MESSAGE_TOO_LARGE')
  })

  test('are refused on GET', async () => {
    const { app } = makeTestEdge()
    const url = `/v1/users/${mina}`
    const headers = { ...bearer('mina'), ...json }
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await app.inject({ method, url, headers, payload: '{}' })
      assert.equal(answer.statusCode, 400, method)
      assert.deepEqual(answer.json().fieldViolations, [{ field: 'body', description: 'must be empty' }])
    }
  })
})

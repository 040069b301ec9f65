import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jun, makeTestEdge, mina } from './test/make-test-edge.ts'

const json = { 'content-type': 'application/json' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('who may call', () => {
  const get = (token?: string, id = mina) => {
    const edge = makeTestEdge()
    const headers = token === undefined ? {} : bearer(token)
    return edge.app
      .inject({ method: 'GET', url: `/v1/users/${id}`, headers })
      .then((answer) => ({ ...edge, answer }))
  }

  test('the token’s user is the caller', async () => {
    const { handled, answer } = await get('mina', mina.toUpperCase())
    assert.equal(answer.statusCode, 200)
    const caller = handled[0]?.caller
    assert.ok(caller?.kind === 'user')
    assert.equal(caller.userId, mina)
    assert.equal(caller.origin.ip, '127.0.0.1')
    assert.deepEqual([caller.origin.tokenId, caller.origin.requestId], ['mina', 'request-1'])
  })

  test('without a token it is 401 and the challenge has no error', async () => {
    const { handled, answer } = await get()
    assert.equal(answer.statusCode, 401)
    assert.equal(answer.json().reason, 'MISSING_ACCESS_TOKEN')
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="auth.immersiverse"')
    assert.deepEqual(handled, [])
  })

  for (const [token, reason] of [
    ['nonsense', 'MALFORMED'],
    ['expired', 'EXPIRED'],
    ['revoked', 'REVOKED'],
    ['two tokens', 'MALFORMED'],
  ] as const) {
    test(`${JSON.stringify(token)} is 401 ${reason}`, async () => {
      const { handled, answer } = await get(token)
      assert.equal(answer.statusCode, 401)
      assert.equal(answer.json().reason, 'INVALID_ACCESS_TOKEN')
      assert.deepEqual(answer.json().metadata, { validation_reason: reason })
      assert.match(String(answer.headers['www-authenticate']), /error="invalid_token"/)
      assert.deepEqual(handled, [])
    })
  }

  test('a refused token that was signed is named in the log by its id, any other is not', async () => {
    for (const [token, id] of [
      ['expired', 'expired'],
      ['nonsense', undefined],
    ] as const) {
      const { lines } = await get(token)
      assert.deepEqual(
        lines.map(({ facts }) => facts.tokenId),
        [id],
      )
    }
  })

  test('an outage is 503 and never the token’s fault', async () => {
    const { answer } = await get('outage')
    assert.equal(answer.statusCode, 503)
    assert.equal(answer.json().reason, 'DATABASE_UNAVAILABLE')
    assert.equal(answer.headers['retry-after'], '1')
    assert.equal(answer.headers['www-authenticate'], undefined)
  })

  test('another user’s path is 403, before the body is looked at', async () => {
    for (const id of [jun, 'me', '%00']) {
      const { app, handled } = makeTestEdge()
      const answer = await app.inject({
        method: 'PATCH',
        url: `/v1/users/${id}`,
        headers: { ...bearer('mina'), ...json },
        payload: '{"nonsense":',
      })
      assert.equal(answer.statusCode, 403)
      assert.equal(answer.json().reason, 'NOT_SELF')
      assert.deepEqual(handled, [])
    }
  })

  test('a bearer header on an anonymous route is not judged', async () => {
    const { app, handled } = makeTestEdge()
    const answer = await app.inject({ method: 'POST', url: '/v1/auth/login', headers: bearer('nonsense') })
    assert.equal(answer.statusCode, 200)
    assert.equal(handled[0]?.caller.kind, 'anonymous')
  })
})

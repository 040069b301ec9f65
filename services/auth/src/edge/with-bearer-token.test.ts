import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeTestEdge } from './test/make-test-edge.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('Logout', () => {
  const logOut = async (payload: object, token = 'mina') => {
    const { app, handled } = makeTestEdge()
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/auth/logout',
      headers: bearer(token),
      payload,
    })
    return {
      answer,
      request: handled[0]?.request as { token?: { case: string; value: string }; allSessions?: boolean },
    }
  }

  test('takes the bearer header’s token where the body has none', async () => {
    const { request } = await logOut({ allSessions: true })
    assert.deepEqual(request.token, { case: 'accessToken', value: 'mina' })
    assert.equal(request.allSessions, true)
    assert.deepEqual((await logOut({ accessToken: '' })).request.token, {
      case: 'accessToken',
      value: 'mina',
    })
  })

  test('takes the body’s token first', async () => {
    const { request } = await logOut({ refreshToken: 'r' }, 'two tokens')
    assert.deepEqual(request.token, { case: 'refreshToken', value: 'r' })
  })

  test('stays as it is where nothing holds a token', async () => {
    const { app, handled } = makeTestEdge()
    await app.inject({ method: 'POST', url: '/v1/auth/logout', payload: { allSessions: true } })
    assert.partialDeepStrictEqual(handled[0]?.request, { token: { case: undefined }, allSessions: true })
  })

  test('refuses a bearer header that holds no token', async () => {
    const { answer } = await logOut({}, 'two tokens')
    assert.equal(answer.json().reason, 'INVALID_ACCESS_TOKEN')
  })
})

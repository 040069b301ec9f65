import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthError, invalidField } from '../domain/errors.ts'
import { HttpRefusal } from './http-refusal.ts'
import { toProblem } from './to-problem.ts'

test('a problem names the HTTP status, the gRPC code and the reason', () => {
  const { status, headers, body } = toProblem(new AuthError('USERNAME_TAKEN'))
  assert.equal(status, 409)
  assert.deepEqual(headers, { 'content-type': 'application/problem+json' })
  assert.deepEqual(JSON.parse(body), {
    type: 'about:blank',
    title: 'Conflict',
    status: 409,
    detail: 'the username is taken',
    code: 'ALREADY_EXISTS',
    reason: 'USERNAME_TAKEN',
    domain: 'auth.immersiverse',
    metadata: {},
  })
})

for (const [reason, status] of [
  ['INVALID_FIELD', 400],
  ['MALFORMED_MESSAGE', 400],
  ['VERSION_NOT_REACHED', 400],
  ['INVALID_CREDENTIALS', 401],
  ['NOT_SELF', 403],
  ['USER_NOT_FOUND', 404],
  ['EMAIL_TAKEN', 409],
  ['VERSION_MISMATCH', 409],
  ['MESSAGE_TOO_LARGE', 413],
  ['HASHING_BUSY', 429],
  ['INTERNAL', 500],
  ['DATABASE_UNAVAILABLE', 503],
] as const) {
  test(`${reason} is ${status}`, () => assert.equal(toProblem(new AuthError(reason)).status, status))
}

test('field violations are listed', () => {
  const { fieldViolations } = JSON.parse(toProblem(invalidField('email', 'must be one')).body)
  assert.deepEqual(fieldViolations, [{ field: 'email', description: 'must be one' }])
})

test('429 and 503 say in whole seconds when to try again', () => {
  for (const [retryAfterMs, seconds] of [
    [1001, 2],
    [0, 1],
    [undefined, 1],
  ] as const) {
    const details = retryAfterMs === undefined ? {} : { retryAfterMs }
    const { headers, body } = toProblem(new AuthError('HASHING_BUSY', details))
    assert.equal(headers['retry-after'], String(seconds))
    assert.equal(JSON.parse(body).retryAfterSeconds, seconds)
  }
  assert.equal(toProblem(new AuthError('SHUTTING_DOWN')).headers['retry-after'], '1')
})

test('a 401 challenges; only a token that was sent has an error (RFC 6750 §3.1)', () => {
  const challenge = (error: AuthError) => toProblem(error).headers['www-authenticate']
  assert.equal(challenge(new AuthError('MISSING_ACCESS_TOKEN')), 'Bearer realm="auth.immersiverse"')
  assert.equal(challenge(new AuthError('INVALID_CREDENTIALS')), 'Bearer realm="auth.immersiverse"')
  assert.equal(
    challenge(new AuthError('INVALID_ACCESS_TOKEN', { metadata: { validation_reason: 'EXPIRED' } })),
    'Bearer realm="auth.immersiverse", error="invalid_token", error_description="EXPIRED"',
  )
  assert.equal(challenge(new AuthError('NOT_SELF')), undefined)
})

test('the cause of a fault is not told', () => {
  const { body } = toProblem(new AuthError('INTERNAL', { cause: new Error('select secret') }))
  assert.equal(JSON.parse(body).detail, 'internal error')
  assert.ok(!body.includes('secret'))
})

test('an HTTP refusal keeps its status and headers', () => {
  const refusal = new HttpRefusal('ROUTE_NOT_FOUND', { status: 405, headers: { allow: 'GET' } })
  const { status, headers, body } = toProblem(refusal)
  assert.equal(status, 405)
  assert.equal(headers.allow, 'GET')
  assert.equal(JSON.parse(body).title, 'Method Not Allowed')
})

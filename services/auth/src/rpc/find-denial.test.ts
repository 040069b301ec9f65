import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AuthError } from '../domain/errors.ts'
import { findDenial } from './find-denial.ts'

const method = 'auth.v1.UserService/UpdateUser'
const denial = { action: 'call.denied', target: { kind: 'method', id: method }, outcome: 'DENIED' }

it('a caller that may not make a call, or is nobody, is denied', () => {
  for (const reason of ['CALLER_NOT_ALLOWED', 'CALLER_NOT_AUTHENTICATED', 'NOT_SELF'] as const) {
    assert.deepEqual(findDenial(method, new AuthError(reason)), { ...denial, reason })
  }
})

it('a denied field is named, by its name alone', () => {
  const refused = new AuthError('FIELD_NOT_ALLOWED', { metadata: { field: 'roles' } })
  const reason = 'FIELD_NOT_ALLOWED'
  assert.deepEqual(findDenial(method, refused), { ...denial, reason, changedFields: ['roles'] })
  assert.deepEqual(findDenial(method, new AuthError(reason)), { ...denial, reason })
  const other = new AuthError('CALLER_NOT_ALLOWED', { metadata: { field: 'roles' } })
  assert.deepEqual(findDenial(method, other), { ...denial, reason: 'CALLER_NOT_ALLOWED' })
})

it('who was allowed to call is not denied, whatever came of it', () => {
  for (const reason of ['USER_NOT_FOUND', 'CALLER_LIMITED', 'INTERNAL', 'INVALID_FIELD'] as const) {
    assert.equal(findDenial(method, new AuthError(reason)), undefined, reason)
  }
})

it('what use-cases write down themselves is not written twice', () => {
  for (const reason of ['INVALID_CREDENTIALS', 'USER_SUSPENDED'] as const) {
    assert.equal(findDenial(method, new AuthError(reason)), undefined, reason)
  }
})

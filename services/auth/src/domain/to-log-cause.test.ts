import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toLogCause } from './to-log-cause.ts'

test('an error is logged with its causes and without what drivers hang on it', () => {
  const driver = Object.assign(new Error('relation does not exist'), {
    code: '42P01',
    query: 'insert into users',
    params: ['$argon2id$secret'],
    detail: 'Key (email)=(mina@example.org)',
  })
  const logged = toLogCause(new Error('write failed', { cause: driver }))
  assert.equal(logged.message, 'write failed')
  assert.equal(logged.cause?.code, '42P01')
  assert.deepEqual(Object.keys(logged.cause ?? {}).sort(), ['code', 'message', 'stack', 'type'])
  assert.ok(!JSON.stringify(logged).includes('secret'))
})

test('of errors that were gathered the first is told, as its cause', () => {
  const gathered = new AggregateError(
    [new Error('topic unknown'), new Error('topic unknown')],
    'produce failed 2 times',
  )
  const logged = toLogCause(gathered)
  assert.equal(logged.message, 'produce failed 2 times')
  assert.equal(logged.cause?.message, 'topic unknown')
  assert.equal(logged.cause?.cause, undefined)
})

test('a cause that is its own cause ends', () => {
  const error = new Error('round')
  error.cause = error
  assert.equal(JSON.stringify(toLogCause(error)).match(/"message":"round"/g)?.length, 6)
})

test('what is thrown and no error is named by its type only', () => {
  assert.deepEqual(toLogCause('a password'), { type: 'string', message: 'not an error' })
})

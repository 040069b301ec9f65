import assert from 'node:assert/strict'
import { it } from 'node:test'
import { mayActFor } from './may-act-for.ts'

const classes = ['nobody', 'viewer', 'operator'] as const
const listFor = (...roles: readonly string[]) => classes.filter((others) => mayActFor({ roles }, others))

it('operators may do what operators and viewers may, viewers what viewers may, others nothing', () => {
  assert.deepEqual(listFor('operator'), ['viewer', 'operator'])
  assert.deepEqual(listFor('viewer'), ['viewer'])
  assert.deepEqual(listFor('viewer', 'operator'), ['viewer', 'operator'])
  assert.deepEqual(listFor(), [])
  assert.deepEqual(listFor('', 'nobody', 'Operator', 'operators', 'user'), [])
})

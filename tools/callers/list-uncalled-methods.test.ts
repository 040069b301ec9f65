import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listCallableMethods } from '../../services/auth/src/security/callers/list-callable-methods.ts'
import { readExamplePolicy } from './generate-caller-table.ts'
import { listUncalledMethods } from './list-uncalled-methods.ts'

describe('listUncalledMethods', () => {
  it('names a new method that the sample policy does not know', async () => {
    const policy = await readExamplePolicy()
    const methods = [...listCallableMethods().keys()]
    assert.deepEqual(listUncalledMethods(policy, methods), [])
    assert.deepEqual(listUncalledMethods(policy, [...methods, 'auth.v1.NewService/New']), [
      'auth.v1.NewService/New',
    ])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestAuth } from '../../services/auth/test/open-test-auth.ts'
import { compileProtos } from './compile-protos.ts'

test('a Python client made of the protos signs up, logs in, refreshes, validates, logs out and reads refusals', async (t) => {
  const python = await compileProtos(t)
  if (python === undefined) return
  await using auth = await openTestAuth()
  const { stderr } = await python
    .run('test_contract.py', { AUTH_ADDRESS: auth.address })
    .catch((error) => assert.fail(error.stderr))
  assert.match(stderr, /Ran [1-9]\d* tests.*\n\nOK\n/s)
  t.diagnostic(/Ran .*/.exec(stderr)?.[0] ?? '')
})

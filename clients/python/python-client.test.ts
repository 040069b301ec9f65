import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openTestAuth } from '../../services/auth/test/open-test-auth.ts'
import { toPartMissing } from '../../tools/parts/part-missing.ts'
import { listFiles } from '../../tools/process/list-files.ts'
import { rootFolder } from '../../tools/process/root-folder.ts'
import { providePython } from './provide-python.ts'

const run = promisify(execFile)

test('a Python client made of the protos signs up, logs in, refreshes, validates, logs out and reads refusals', async (t) => {
  const python = await providePython().catch((error) => toPartMissing('Python with grpcio', error))
  if (typeof python !== 'string') return t.skip(python.skipReason)
  const generated = await mkdtemp(join(tmpdir(), 'auth-python-'))
  t.after(() => rm(generated, { recursive: true, force: true }))
  const protos = (await listFiles(rootFolder, 'proto/auth')).map((path) => path.replace(/^proto\//, ''))
  const compile = [
    '-m',
    'grpc_tools.protoc',
    '-I',
    'proto',
    '--python_out',
    generated,
    '--grpc_python_out',
    generated,
  ]
  await run(python, [...compile, ...protos], { cwd: rootFolder })
  await using auth = await openTestAuth()
  const env = {
    ...process.env,
    AUTH_ADDRESS: auth.address,
    PYTHONPATH: generated,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const script = join(import.meta.dirname, 'test_contract.py')
  const { stderr } = await run(python, [script, '--verbose'], { env }).catch((error) =>
    assert.fail(error.stderr),
  )
  assert.match(stderr, /Ran [1-9]\d* tests.*\n\nOK\n/s)
  t.diagnostic(/Ran .*/.exec(stderr)?.[0] ?? '')
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { toPartMissing } from '../../tools/parts/part-missing.ts'
import { listFiles } from '../../tools/process/list-files.ts'
import { rootFolder } from '../../tools/process/root-folder.ts'
import { providePython } from './provide-python.ts'

const run = promisify(execFile)

/** A Python that knows the contract. */
export interface ContractPython {
  /** Runs a script of this folder with more variables; resolves with what it printed, rejects with what it complained of. */
  run(
    script: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<{ readonly stdout: string; readonly stderr: string }>
}

/** Compiles the protos for Python. Where there is none the test is skipped with the reason and the answer is undefined. */
export async function compileProtos(t: TestContext): Promise<ContractPython | undefined> {
  const python = await providePython().catch((error) => toPartMissing('Python with grpcio', error))
  if (typeof python !== 'string') {
    t.skip(python.skipReason)
    return undefined
  }
  const generated = await mkdtemp(join(tmpdir(), 'auth-python-'))
  t.after(() => rm(generated, { recursive: true, force: true }))
  const protos = (await listFiles(rootFolder, 'proto/auth')).map((path) => path.replace(/^proto\//, ''))
  const outputs = ['--python_out', generated, '--grpc_python_out', generated]
  await run(python, ['-m', 'grpc_tools.protoc', '-I', 'proto', ...outputs, ...protos], { cwd: rootFolder })
  return {
    run: async (script, environment) => {
      const env = { ...process.env, ...environment, PYTHONPATH: generated, PYTHONDONTWRITEBYTECODE: '1' }
      const args = [join(import.meta.dirname, script), '--verbose']
      return await run(python, args, { env, maxBuffer: 64 * 1024 * 1024 })
    },
  }
}

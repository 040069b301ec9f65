import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { withLock } from '../../tools/bootstrap/with-lock.mjs'
import { rootFolder } from '../../tools/process/root-folder.ts'

const run = promisify(execFile)
const requirements = join(import.meta.dirname, 'requirements.txt')
const partsFolder = join(rootFolder, '.parts')

/**
 * The command of a Python that has what `requirements.txt` pins, in an environment of the project's own; made when it is not there
 * yet, once for all processes that ask. Throws where there is no Python or no registry.
 */
export async function providePython(): Promise<string> {
  const stamp = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 16)
  const home = join(partsFolder, `python-${stamp}`)
  const python = join(home, 'bin/python')
  const done = join(home, 'installed')
  await mkdir(partsFolder, { recursive: true })
  await withLock(join(partsFolder, 'python.lock'), async () => {
    if (existsSync(done)) return
    await rm(home, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', home])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])
    await writeFile(done, '')
  })
  return python
}

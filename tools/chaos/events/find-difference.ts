import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const file = fileURLToPath(new URL('../../../services/auth/src/authctl/main.ts', import.meta.url))

/** What `authctl events reconcile` says: undefined where it finds no difference. It is the service's own view, beside that of kcat. */
export async function findDifference(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, ['--conditions=source', file, 'events', 'reconcile'], {
      env: { PATH: process.env.PATH, ...environment },
    })
    return undefined
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    return `authctl events reconcile: ${`${stdout}${stderr}`.trim() || error}`
  }
}

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const leastMajor = 17

/** The command of a Java 17 or newer: JAVA_HOME's, else the one on the PATH. Throws when there is none. */
export async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME
  const commands = home === undefined || home === '' ? ['java'] : [join(home, 'bin/java'), 'java']
  for (const command of commands) {
    const major = await findMajor(command)
    if (major >= leastMajor) return command
  }
  throw new Error(`no Java ${leastMajor} or newer is installed on this machine`)
}

async function findMajor(command: string): Promise<number> {
  try {
    const { stderr } = await promisify(execFile)(command, ['-version'])
    return Number.parseInt(/version "(\d+)/.exec(stderr)?.[1] ?? '0', 10)
  } catch {
    return 0
  }
}

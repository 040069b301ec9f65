import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const leastMajor = 15

/** The folder of this machine's PostgreSQL programs, 15 or newer, the newest first. Throws when there is none. */
export async function findPostgres(): Promise<string> {
  const found: { readonly bin: string; readonly major: number }[] = []
  for (const bin of await listCandidates()) {
    const major = await findMajor(bin)
    if (major !== undefined && major >= leastMajor) found.push({ bin, major })
  }
  const best = found.sort((left, right) => right.major - left.major)[0]
  if (best === undefined) throw new Error(`no PostgreSQL ${leastMajor} or newer is installed on this machine`)
  return best.bin
}

async function listCandidates(): Promise<string[]> {
  const configured = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  )
  const debian = '/usr/lib/postgresql'
  const versions = await readdir(debian).catch(() => [])
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...new Set([...configured, ...path, ...versions.map((version) => join(debian, version, 'bin'))])]
}

async function findMajor(bin: string): Promise<number | undefined> {
  try {
    await access(join(bin, 'initdb'))
    const { stdout } = await run(join(bin, 'postgres'), ['--version'])
    return Number.parseInt(/\d+/.exec(stdout)?.[0] ?? '', 10)
  } catch {
    return undefined
  }
}

import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

/** The script behind the command `command` of the npm package `name`, to be run by Node. Throws when there is none. */
export function npmBinary(name: string, command: string): string {
  const manifest = findPackageJSON(name, import.meta.url)
  if (manifest === undefined) throw new Error(`${name} is not installed`)
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin?: string | Record<string, string> }
  const path = typeof bin === 'string' ? bin : bin?.[command]
  if (path === undefined) throw new Error(`${name} has no command ${command}`)
  return join(dirname(manifest), path)
}

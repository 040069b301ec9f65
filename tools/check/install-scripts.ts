import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Packages that come with scripts for their installation, and why they may: `.npmrc` keeps all of them from running. */
const allowed: Readonly<Record<string, string>> = Object.freeze({
  '@bufbuild/buf': 'the script fetches the binary where npm has left out the package that holds it',
  protobufjs: 'the script warns of a version that is not pinned',
})

interface LockedPackage {
  readonly hasInstallScript?: boolean
  readonly integrity?: string
  readonly link?: boolean
}

/**
 * What is wrong with where the packages of `root` come from: install scripts that nobody has looked at, or that would run; packages whose contents the
 * lockfile does not fix; named packages that are not there any more.
 */
export async function checkInstallScripts(root: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  const npmrc = await readFile(join(root, '.npmrc'), 'utf8')
  const faults = judgePackages(lock.packages)
  if (!/^ignore-scripts=true$/m.test(npmrc)) faults.push('.npmrc: ignore-scripts=true is missing')
  return faults
}

/** The faults of the packages of a lockfile, by their paths in it. */
export function judgePackages(packages: Readonly<Record<string, LockedPackage>>): string[] {
  const faults: string[] = []
  const seen = new Set<string>()
  for (const [path, { hasInstallScript, integrity, link }] of Object.entries(packages)) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    if (!path.includes('node_modules/') || link) continue
    if (!integrity?.startsWith('sha512-')) faults.push(`${path}: the lockfile has no sha512 of it`)
    if (!hasInstallScript) continue
    seen.add(name)
    if (allowed[name] === undefined) {
      faults.push(`${path}: has an install script; look at it, and name it in tools/check/install-scripts.ts`)
    }
  }
  for (const name of Object.keys(allowed)) {
    if (!seen.has(name)) faults.push(`${name}: has no install script any more; take it from the list`)
  }
  return faults
}

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The tests among `tests` that import `file`, directly or through others, those that import least first; paths below `root`. */
export function listImporters(root: string, file: string, tests: readonly string[]): string[] {
  const known = new Map<string, ReadonlySet<string>>()
  const importers = tests
    .map((test) => ({ test, imports: collect(root, test, known) }))
    .filter(({ imports }) => imports.has(file))
  const own = file.replace(/\.ts$/, '.test.ts')
  const order = ({ test, imports }: { test: string; imports: ReadonlySet<string> }) =>
    test === own ? 0 : imports.size
  return importers.sort((a, b) => order(a) - order(b)).map(({ test }) => test)
}

/** All files that a file imports by relative paths, itself included. */
function collect(root: string, file: string, known: Map<string, ReadonlySet<string>>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = [file]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(known.get(next) ?? readImports(root, next)))
  }
  known.set(file, found)
  return found
}

function readImports(root: string, file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(/^(?:import|export|\}) [^'\n]*'(\.[^']+\.ts)'/gm)
  return [...found].map(([, path = '']) => join(dirname(file), path))
}

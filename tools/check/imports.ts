import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../process/list-files.ts'
import { judgeImport } from './judge-import.ts'
import { listWorkspaces } from './list-workspaces.ts'
import { readImports } from './read-imports.ts'

/** Tests and what only they use may import whatever they put to the test. */
const testCode = /\.test\.ts$|\/test\/|[/-]testing\.ts$/

/** The imports below `root` that go against the house's arrows, one line each: `file:line: why (specifier)`. */
export async function checkImports(root: string): Promise<string[]> {
  const workspaces = await listWorkspaces(root)
  const violations: string[] = []
  for (const home of workspaces) {
    const files = await listFiles(root, home.folder)
    for (const file of files.filter((path) => /\.tsx?$/.test(path) && !testCode.test(path))) {
      for (const found of readImports(await readFile(join(root, file), 'utf8'))) {
        const why = judgeImport(file, found, home, workspaces)
        if (why !== undefined) violations.push(`${file}:${found.line}: ${why} (${found.specifier})`)
      }
    }
  }
  return violations
}

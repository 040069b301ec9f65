import { readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

/** The real parts that a test run can share. */
export type PartName = 'postgres' | 'kafka'

const partOfFile: readonly (readonly [RegExp, PartName])[] = [
  [/\/parts\/(test-database|create-test-database|shared-postgres)\.ts$/, 'postgres'],
  [/\/parts\/(test-kafka|shared-kafka)\.ts$/, 'kafka'],
]

/** Which shared parts `files`, paths below `root`, ask for, themselves or through what they import by relative path. */
export async function findNeededParts(root: string, files: readonly string[]): Promise<Set<PartName>> {
  const needed = new Set<PartName>()
  const seen = new Set<string>()
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [pattern, part] of partOfFile) if (pattern.test(`/${file}`)) needed.add(part)
    const text = await readFile(join(root, file), 'utf8').catch(() => '')
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+\.ts)['"]/g)) {
      if (path !== undefined) await visit(normalize(join(dirname(file), path)))
    }
  }
  for (const file of files) await visit(file)
  return needed
}

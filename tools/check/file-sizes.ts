import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../process/list-files.ts'

const longestLines = 300
const source = /\.(ts|tsx|mts|mjs|js|sql)$/
const generated = /(^|\/)gen\//

/** Source files below `root` of more than 300 lines whose first line is no comment that says why. */
export async function checkFileSizes(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter((file) => source.test(file) && !generated.test(file))
  const found = await Promise.all(files.map((file) => judgeFile(root, file)))
  return found.filter((line) => line !== undefined)
}

async function judgeFile(root: string, file: string): Promise<string | undefined> {
  const lines = (await readFile(join(root, file), 'utf8')).trimEnd().split('\n')
  if (lines.length <= longestLines || /^(\/\/|\/\*|--)\s*\S/.test(lines[0] ?? '')) return undefined
  return `${file}: ${lines.length} lines, and its first line does not say why`
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listFiles } from '../process/list-files.ts'

// In pieces, so that this file does not hold what it looks for.
const forbidden = [
  ['/wo', 'rk/'],
  ['/opt', '/n24'],
  ['.lib', 'rary'],
  ['registry.', 'npmjs'],
  ['repo.maven', '.apache'],
].map((pieces) => pieces.join(''))

const binary = /\.(binpb|png|ico|gz|tgz|jks|p12)$/

/** Where a file below `root` names a path of somebody's machine or a registry's host: `file:line: what`. */
export async function checkForbiddenStrings(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter((file) => !binary.test(file))
  const found = await Promise.all(files.map((file) => judgeFile(root, file)))
  return found.flat()
}

async function judgeFile(root: string, file: string): Promise<string[]> {
  const text = await readFile(join(root, file), 'utf8')
  return forbidden
    .filter((word) => text.includes(word))
    .map((word) => `${file}:${text.slice(0, text.indexOf(word)).split('\n').length}: names ${word}`)
}

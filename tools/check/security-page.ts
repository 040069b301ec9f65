import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const pages = ['docs/security.md', 'docs/security.ko.md']
/** Where the paths on the page begin. */
const folders = ['', 'services/auth/']

const isPath = /^[\w./-]+\.(?:ts|json|yaml|md|proto)$/

/** The text of a file by its path in the repository; undefined where there is none. */
type FindText = (path: string) => Promise<string | undefined>

/** What the pages on security claim of `root` and is not there: files, and titles of tests. */
export async function checkSecurityPage(root: string): Promise<string[]> {
  const findText: FindText = async (path) => {
    try {
      return await readFile(join(root, path), 'utf8')
    } catch {
      return undefined
    }
  }
  const faults = await Promise.all(
    pages.map(async (page) => {
      const text = await findText(page)
      return text === undefined ? [`${page}: is not there`] : await judgeSecurityPage(page, text, findText)
    }),
  )
  return faults.flat()
}

/**
 * The faults of one page, each with its line. A path in backticks is a file; "a title" in a row of a table is a test of the last `*.test.ts` before it in the
 * same cell, where … stands for any text, such as the variable part of a title.
 */
export async function judgeSecurityPage(page: string, text: string, findText: FindText): Promise<string[]> {
  const faults: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const cells = line.startsWith('|') ? line.split(/(?<!\\)\|/) : [line.replaceAll(/"[^"]*"/g, '')]
    for (const cell of cells) {
      for (const fault of await judgeCell(cell, findText)) faults.push(`${page}:${index + 1}: ${fault}`)
    }
  }
  return faults
}

async function judgeCell(cell: string, findText: FindText): Promise<string[]> {
  const faults: string[] = []
  let tests: { readonly path: string; readonly source: string | undefined } | undefined
  for (const [, code, title = ''] of cell.matchAll(/`([^`]*)`|"([^"]+)"/g)) {
    if (code !== undefined) {
      if (!isPath.test(code)) continue
      const source = await findInFolders(code, findText)
      if (source === undefined) faults.push(`${code}: no such file`)
      if (code.endsWith('.test.ts')) tests = { path: code, source }
    } else if (tests === undefined) faults.push(`"${title}": of which test file?`)
    else if (tests.source !== undefined && !hasTitle(tests.source, title)) {
      faults.push(`${tests.path}: no test "${title}"`)
    }
  }
  return faults
}

async function findInFolders(path: string, findText: FindText): Promise<string | undefined> {
  for (const folder of folders) {
    const text = await findText(folder + path)
    if (text !== undefined) return text
  }
  return undefined
}

/** Whether a literal of `source` reads so: the whole of it, but for where … stands. */
function hasTitle(source: string, title: string): boolean {
  const pieces = title.replaceAll('\\|', '|').split('…').map(RegExp.escape)
  const literal = new RegExp(`(['"\`])${pieces.join('[^\\n]*')}\\1`)
  return literal.test(source.replaceAll(/\\(['"`])/g, '$1'))
}

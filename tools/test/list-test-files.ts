import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const topFolders = ['packages', 'services', 'apps', 'examples', 'tools', 'bench', 'clients']

/**
 * The paths of all `*.test.ts` below `root`, relative to it and sorted, without the folders that .gitignore names.
 * With `filters`, those whose path holds one of them.
 */
export async function listTestFiles(root: string, filters: readonly string[] = []): Promise<string[]> {
  const ignored = new Set(await readIgnoredFolders(root))
  const files: string[] = []
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory() && !ignored.has(entry.name)) await visit(path)
      else if (entry.isFile() && entry.name.endsWith('.test.ts')) files.push(path)
    }
  }
  for (const folder of topFolders) if (existsSync(join(root, folder))) await visit(folder)
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''))
  return files.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part))).sort()
}

async function readIgnoredFolders(root: string): Promise<string[]> {
  const text = await readFile(join(root, '.gitignore'), 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => /^[\w.-]+\/$/.test(line))
  return ['node_modules', ...lines.map((line) => line.slice(0, -1))]
}

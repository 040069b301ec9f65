import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The paths of all files below `root/folder`, relative to `root`, with `/` between and sorted, without `.git` and the
 * folders that .gitignore names. A folder that is not there is empty.
 */
export async function listFiles(root: string, folder = ''): Promise<string[]> {
  const ignored = new Set(['.git', 'node_modules', ...(await readIgnoredFolders(root))])
  const files: string[] = []
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readEntries(join(root, path))) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`
      // In a worktree of git, .git is a file.
      if (ignored.has(entry.name)) continue
      if (entry.isDirectory()) await visit(child)
      else if (entry.isFile()) files.push(child)
    }
  }
  await visit(folder)
  return files.sort()
}

async function readEntries(folder: string) {
  return await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

async function readIgnoredFolders(root: string): Promise<string[]> {
  const text = await readFile(join(root, '.gitignore'), 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => /^[\w.-]+\/$/.test(line))
  return lines.map((line) => line.slice(0, -1))
}

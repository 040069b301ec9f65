import { listFiles } from '../process/list-files.ts'

const topFolders = ['packages', 'services', 'apps', 'examples', 'tools', 'bench', 'clients']

/**
 * The paths of all `*.test.ts` below `root`, relative to it and sorted, without the folders that .gitignore names.
 * With `filters`, those whose path holds one of them.
 */
export async function listTestFiles(root: string, filters: readonly string[] = []): Promise<string[]> {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ''))
  const files = await Promise.all(topFolders.map((folder) => listFiles(root, folder)))
  return files
    .flat()
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .sort()
}

import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** How `present` differs from `wanted`: file paths relative to both, sorted. */
export interface FolderDifference {
  /** In `wanted`, not in `present`. */
  readonly missing: readonly string[]
  /** In both, with different bytes. */
  readonly changed: readonly string[]
  /** In `present`, not in `wanted`. */
  readonly stale: readonly string[]
}

/** Compares two folders file by file; a folder that does not exist counts as empty. */
export async function compareFolders(wanted: string, present: string): Promise<FolderDifference> {
  const wantedFiles = await listFiles(wanted)
  const presentFiles = new Set(await listFiles(present))
  const missing = wantedFiles.filter((file) => !presentFiles.has(file))
  const changed: string[] = []
  for (const file of wantedFiles) {
    if (!presentFiles.delete(file)) continue
    const [left, right] = await Promise.all([readFile(join(wanted, file)), readFile(join(present, file))])
    if (!left.equals(right)) changed.push(file)
  }
  return { missing, changed, stale: [...presentFiles] }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

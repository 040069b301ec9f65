import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PositionStore } from './open-watch-source.ts'

/**
 * Keeps the position of a consumer over WatchEvents in a file of `folder`, which is made. A position is written beside the file and moved
 * into its place, so that a crash leaves the old one or the new one.
 */
export async function openPositionFile(folder: string): Promise<PositionStore> {
  // Absolute: for a relative path under a working folder that was deleted, Node's recursive mkdir never ends.
  await mkdir(resolve(folder), { recursive: true })
  const file = join(folder, 'position')
  return {
    async load() {
      try {
        return await readFile(file, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(position) {
      await writeFile(`${file}.next`, position)
      await rename(`${file}.next`, file)
    },
  }
}

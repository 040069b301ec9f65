import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const libraryFolder = '/usr/lib'

/** The path of libfaketime's library for programs with threads, where Debian's package `faketime` is installed. */
export async function findFaketime(): Promise<string | undefined> {
  const folders = await readdir(libraryFolder).catch(() => [])
  for (const folder of ['', ...folders.filter((name) => name.includes('-linux-'))]) {
    const path = join(libraryFolder, folder, 'faketime', 'libfaketimeMT.so.1')
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

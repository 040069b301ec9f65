import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** The path of this machine's `valkey-server` or `redis-server`. Throws where there is neither. */
export async function findRedis(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const program of ['valkey-server', 'redis-server']) {
    for (const folder of folders) {
      const path = join(folder, program)
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (isThere) return path
    }
  }
  throw new Error('neither valkey-server nor redis-server is installed on this machine')
}

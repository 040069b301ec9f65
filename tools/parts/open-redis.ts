import { chown, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPlainUser } from './find-plain-user.ts'
import { findRedis } from './find-redis.ts'
import { freePort } from './free-port.ts'
import type { Part } from './part.ts'
import { PartProcess } from './part-process.ts'
import { toPart } from './to-part.ts'
import { watchOver } from './watch-over.ts'

/** A Redis or Valkey server of the test's own. */
export interface RedisPart extends Part {
  readonly url: string
}

/**
 * Starts Redis or Valkey from this machine's programs in a temporary folder, every write on disk at once, and resolves when it serves. When this
 * process ends without `close`, the server and its folder go too. Throws where neither is installed.
 */
export async function openRedis(): Promise<RedisPart> {
  const [command, user, port] = await Promise.all([findRedis(), findPlainUser(), freePort()])
  const folder = await mkdtemp(join(tmpdir(), 'redis-part-'))
  const watch = watchOver(folder)
  try {
    if (user !== undefined) await chown(folder, user.uid, user.gid)
    const server = new PartProcess(
      {
        name: 'Redis',
        command,
        args: [
          ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
          ...['--appendonly', 'yes', '--appendfsync', 'always'],
        ],
        folder,
        logFile: join(folder, 'redis.log'),
        readyLine: /Ready to accept connections/,
        stopSignal: 'SIGTERM',
        startTimeoutMs: 30_000,
        ...user,
      },
      watch,
    )
    await server.start()
    return { ...toPart(server, watch), url: `redis://127.0.0.1:${port}` }
  } catch (error) {
    await watch.close()
    throw error
  }
}

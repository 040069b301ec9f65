import { chown, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPlainUser, type PlainUser } from './find-plain-user.ts'
import { findPostgres } from './find-postgres.ts'
import { freePort } from './free-port.ts'
import type { Part } from './part.ts'
import { PartProcess } from './part-process.ts'
import { runWatched } from './run-watched.ts'
import { toPart } from './to-part.ts'
import { type Watch, watchOver } from './watch-over.ts'

/** A PostgreSQL server of the test's own. */
export interface PostgresPart extends Part {
  /** Its database `postgres` as a superuser, over TCP on 127.0.0.1, without a password. */
  readonly url: string
  readonly port: number
  readonly dataFolder: string
}

/** How to run PostgreSQL; all have defaults. */
export interface PostgresOptions {
  /** Listening port; a free one by default. */
  readonly port?: number
  /** Server settings beside ours, such as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Files of the data folder that are written before the start, such as `pg_hba.conf`, with their texts. */
  readonly files?: Readonly<Record<string, string>>
}

const defaultSettings = Object.freeze({
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'on',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
})

/**
 * Starts PostgreSQL from this machine's binaries in a temporary folder, fsync on, and resolves when it serves. When
 * this process ends without `close`, the server and its folder go too. Throws when PostgreSQL is missing.
 */
export async function openPostgres(options: PostgresOptions = {}): Promise<PostgresPart> {
  const [bin, user, port] = await Promise.all([findPostgres(), findPlainUser(), options.port ?? freePort()])
  const folder = await mkdtemp(join(tmpdir(), 'postgres-part-'))
  const watch = watchOver(folder)
  try {
    const dataFolder = join(folder, 'data')
    await makeCluster(bin, folder, user, watch)
    for (const [name, text] of Object.entries(options.files ?? {})) {
      const file = join(dataFolder, name)
      await writeFile(file, text, { mode: 0o600 })
      if (user !== undefined) await chown(file, user.uid, user.gid)
    }
    const settings = Object.entries({ ...defaultSettings, ...options.settings })
    const server = new PartProcess(
      {
        name: 'PostgreSQL',
        command: join(bin, 'postgres'),
        args: [
          '-D',
          dataFolder,
          '-p',
          String(port),
          ...settings.flatMap(([key, value]) => ['-c', `${key}=${value}`]),
        ],
        folder,
        logFile: join(folder, 'postgres.log'),
        readyLine: /database system is ready to accept connections/,
        // PostgreSQL's fast shutdown: it does not wait for its clients to leave.
        stopSignal: 'SIGINT',
        startTimeoutMs: 30_000,
        ...user,
      },
      watch,
    )
    await server.start()
    return {
      ...toPart(server, watch),
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      port,
      dataFolder,
    }
  } catch (error) {
    await watch.close()
    throw error
  }
}

async function makeCluster(bin: string, folder: string, user: PlainUser | undefined, watch: Watch) {
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'
  const args = [
    '-D',
    join(folder, 'data'),
    '-U',
    'postgres',
    '--auth=trust',
    '--encoding=UTF8',
    `--locale=${locale}`,
  ]
  // Only what initdb writes goes unsynced; the server that runs on it syncs.
  await runWatched(watch, join(bin, 'initdb'), [...args, '--no-sync'], { cwd: folder, ...user })
}

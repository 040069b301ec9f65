import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Log } from '../deps.ts'
import { toLogCause } from '../domain/to-log-cause.ts'
import type { Database } from '../store/database.ts'

/** Opens the configured database: PostgreSQL, or the embedded one, which says that it is for development. */
export async function openDatabase(config: Config, log: Log): Promise<Database> {
  const { DATABASE_URL: url, AUTH_DATABASE_DIRECT_URL: directUrl, AUTH_DATA_DIR: folder } = config
  if (url === undefined) {
    log.warn(
      { folder },
      'embedded database, for development: one process, no fsync; set DATABASE_URL for production',
    )
    const { openPglite } = await import('../store/pglite.ts')
    return await openPglite({ folder })
  }
  const { openPostgres } = await import('../store/postgres.ts')
  return openPostgres({
    url,
    ...(directUrl === undefined ? {} : { directUrl }),
    poolSize: config.AUTH_DATABASE_POOL,
    onError: (error) => log.warn({ err: toLogCause(error) }, 'an idle database connection broke'),
  })
}

/** The configured master keys, the first encrypts; the embedded database keeps one of its own beside its data. */
export function getMasterKeys(config: Config): readonly Uint8Array[] {
  if (config.masterKeys !== undefined) return config.masterKeys
  const file = join(config.AUTH_DATA_DIR, 'master.key')
  mkdirSync(config.AUTH_DATA_DIR, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(file, randomBytes(32).toString('base64'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return [Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')]
}

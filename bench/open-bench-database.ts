import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { openPostgres } from '../tools/parts/open-postgres.ts'

/** A database of this run's own; it goes when closed. */
export interface BenchDatabase extends AsyncDisposable {
  /** Undefined: the embedded one, in the service's data folder. */
  readonly url: string | undefined
  readonly told: string
}

/** Makes a database on the PostgreSQL at `url`, or on one started for this run. */
export async function openBenchDatabase(url: string | undefined): Promise<BenchDatabase> {
  await using stack = new AsyncDisposableStack()
  const server = url === undefined ? stack.use(await openPostgres()) : undefined
  const adminUrl = server?.url ?? url ?? ''
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  stack.defer(() => admin.end())
  const name = `auth_bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name}`)
  stack.defer(async () => void (await admin.query(`drop database ${name} with (force)`)))
  const version = await admin.query<{ version: string; fsync: string }>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync`,
  )
  const [facts] = version.rows
  const target = new URL(adminUrl)
  target.pathname = name
  const opened = stack.move()
  return {
    url: target.href,
    told: `PostgreSQL ${facts?.version}, fsync ${facts?.fsync}, ${server ? 'started for this run' : 'as given'}`,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The embedded database: nothing to open, the service does. */
export function toEmbedded(): BenchDatabase {
  return {
    url: undefined,
    told: 'embedded PGlite: in the server process itself, no fsync',
    [Symbol.asyncDispose]: async () => undefined,
  }
}

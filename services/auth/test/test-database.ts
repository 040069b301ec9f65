import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { openPostgres, type PostgresPart } from '../../../tools/parts/open-postgres.ts'

/** An empty database of a test's own on a real PostgreSQL. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  close(): Promise<void>
}

let server: Promise<PostgresPart> | undefined

/** The PostgreSQL of `TEST_DATABASE_URL`, else one of this process's own, made when it is first asked for. */
async function getServerUrl(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL
  if (given !== undefined && given !== '') return given
  server ??= openPostgres()
  return (await server).url
}

/** Makes a database; `close` drops it, whoever is connected. Throws where there is no PostgreSQL. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const url = new URL(await getServerUrl())
  const name = `test_${randomBytes(6).toString('hex')}`
  await runAsAdmin(`create database ${name}`)
  url.pathname = name
  const close = () => runAsAdmin(`drop database if exists ${name} with (force)`)
  return { url: url.href, close, [Symbol.asyncDispose]: close }
}

async function runAsAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: await getServerUrl() })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Why tests on PostgreSQL cannot run here, or false where they can. With `CI=true` it is never skipped: the tests fail. */
export async function findPostgresSkip(): Promise<string | false> {
  if (process.env.CI === 'true') return false
  try {
    await getServerUrl()
    return false
  } catch (error) {
    return `no PostgreSQL: ${(error as Error).message}`
  }
}

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { PartMissing } from './part-missing.ts'
import { sharedPostgres } from './shared-postgres.ts'

/** An empty PostgreSQL database of the test's own. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Drops it, whoever is still connected. */
  close(): Promise<void>
}

/** Creates a uniquely named database on the run's PostgreSQL, or says why there is none to create it on. */
export async function createTestDatabase(): Promise<TestDatabase | PartMissing> {
  const server = await sharedPostgres()
  if ('skipReason' in server) return server
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await execute(server.url, `create database ${name}`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const close = () => execute(server.url, `drop database if exists ${name} with (force)`)
  return { url: url.href, close, [Symbol.asyncDispose]: close }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

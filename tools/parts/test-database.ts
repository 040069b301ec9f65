import type { TestContext } from 'node:test'
import { createTestDatabase, type TestDatabase } from './create-test-database.ts'

/**
 * An empty database for the test `t`, dropped after it. Where PostgreSQL cannot be had the test is skipped with the
 * reason and the answer is undefined: `if (database === undefined) return`.
 */
export async function openTestDatabase(t: TestContext): Promise<TestDatabase | undefined> {
  const database = await createTestDatabase()
  if ('skipReason' in database) {
    t.skip(database.skipReason)
    return undefined
  }
  t.after(() => database.close())
  return database
}

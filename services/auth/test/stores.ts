import { after, before, describe } from 'node:test'
import { openTestAuth, type TestAuth, type TestAuthOptions } from './open-test-auth.ts'
import { findPostgresSkip, openTestDatabase } from './test-database.ts'

/** Opens another service on the same store, where the store takes more than one. */
export interface StoreContext {
  /** The running service; only inside tests and hooks. */
  readonly auth: TestAuth
  readonly isPostgres: boolean
}

/**
 * Runs a suite twice, on the embedded database and on PostgreSQL: one service each, shared by the suite's tests. Without PostgreSQL
 * its half is skipped with the reason.
 */
export function describeOnStores(
  title: string,
  suite: (context: StoreContext) => void,
  options: TestAuthOptions = {},
): void {
  describe(`${title}, embedded`, () => suite(openContext(async () => await openTestAuth(options), false)))
  describe(`${title}, PostgreSQL`, { skip: postgresSkip }, () =>
    suite(openContext(() => openOnPostgres(options), true)),
  )
}

const postgresSkip = await findPostgresSkip()

async function openOnPostgres(options: TestAuthOptions): Promise<TestAuth> {
  const database = await openTestDatabase()
  const auth = await openTestAuth({ ...options, databaseUrl: database.url })
  const close = async () => {
    await auth.close()
    await database.close()
  }
  return { ...auth, close, [Symbol.asyncDispose]: close }
}

function openContext(open: () => Promise<TestAuth>, isPostgres: boolean): StoreContext {
  let auth: TestAuth | undefined
  before(async () => {
    auth = await open()
  })
  after(() => auth?.close())
  return {
    isPostgres,
    get auth() {
      if (auth === undefined) throw new Error('the service is open only inside tests')
      return auth
    },
  }
}

import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { createTestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { openModelInRealTime } from '../../../tools/simulate/model-database/testing.ts'
import { openTestAuth, type TestAuth, type TestAuthOptions } from './open-test-auth.ts'

/** What a suite runs on. */
export interface StoreContext {
  /** The running service; only inside tests and hooks. */
  readonly auth: TestAuth
  readonly isPostgres: boolean
  /** The model knows the service's statements, and simple ones about one table. */
  readonly isModel: boolean
}

/**
 * Runs a suite three times, on the embedded database, on the simulator's model of PostgreSQL and on PostgreSQL: one service each, shared
 * by the suite's tests. Without PostgreSQL its part is skipped with the reason. `onModel: false` is for suites that ask the database what
 * the service never does.
 */
export function describeOnStores(
  title: string,
  suite: (context: StoreContext) => void,
  { onModel = true, ...options }: TestAuthOptions & { readonly onModel?: boolean } = {},
): void {
  describe(`${title}, embedded`, () =>
    suite(openContext(async () => await openTestAuth(options), 'embedded')))
  if (onModel) {
    describe(`${title}, model of PostgreSQL`, () => suite(openContext(() => openOnModel(options), 'model')))
  }
  describe(`${title}, PostgreSQL`, { skip: postgresSkip }, () =>
    suite(openContext(() => openOnPostgres(options), 'postgres')),
  )
}

const postgres = await sharedPostgres()
const postgresSkip = 'skipReason' in postgres && postgres.skipReason

async function openOnPostgres(options: TestAuthOptions): Promise<TestAuth> {
  const database = await createTestDatabase()
  if ('skipReason' in database) throw new Error(database.skipReason)
  const auth = await openTestAuth({ ...options, databaseUrl: database.url })
  const close = async () => {
    await auth.close()
    await database.close()
  }
  return { ...auth, close, [Symbol.asyncDispose]: close }
}

async function openOnModel(options: TestAuthOptions): Promise<TestAuth> {
  const { database, model } = openModelInRealTime()
  const auth = await openTestAuth({ ...options, overrides: { ...options.overrides, database } })
  const close = async () => {
    await auth.close()
    assert.deepEqual(model.truth.unknownStatements, [])
  }
  return { ...auth, close, [Symbol.asyncDispose]: close }
}

function openContext(open: () => Promise<TestAuth>, store: 'embedded' | 'model' | 'postgres'): StoreContext {
  let auth: TestAuth | undefined
  before(async () => {
    auth = await open()
  })
  after(() => auth?.close())
  return {
    isPostgres: store === 'postgres',
    isModel: store === 'model',
    get auth() {
      if (auth === undefined) throw new Error('the service is open only inside tests')
      return auth
    },
  }
}

import { randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Deps, Log } from '../deps.ts'
import { toUuidV7 } from '../domain/uuid.ts'
import type { Database } from '../store/database.ts'
import { settleEpoch } from '../store/epoch.ts'
import { type Lane, lanes, notifyLane } from '../store/lanes.ts'
import { FolderLockedError } from '../store/lock-folder.ts'
import { isMigrated } from '../store/migrate.ts'
import { makeDeps } from './make-deps.ts'
import { openDatabase } from './open-database.ts'
import { migrateAsOwner, openOwner } from './open-owner.ts'
import { systemClock } from './system-clock.ts'

/** What use-cases need, without anything that listens or publishes: running instances do that. */
export interface Operator extends AsyncDisposable {
  readonly deps: Deps
}

const silent: Log = Object.freeze({ info: () => undefined, warn: () => undefined, error: () => undefined })

/**
 * Opens the service's database for an operator, beside the instances that serve. Throws a plain Error with one line where the schema is of
 * another version, or where a running service holds the embedded database.
 */
export async function openOperator(config: Config): Promise<Operator> {
  await using stack = new AsyncDisposableStack()
  const database = await openForOperator(config, stack)
  if (!(await isMigrated(database))) {
    throw new Error('the database does not have the schema of this version: run authctl migrate')
  }
  const newId = () => toUuidV7(Date.now(), randomBytes(10))
  await database.transaction((trx) => settleEpoch(trx, { issuer: config.AUTH_ISSUER, newId }))
  const woken: Promise<unknown>[] = []
  // The leaders look every second anyway: waking them is not worth an error.
  const wake = (lane: Lane) => woken.push(notifyLane(database.kysely, lane).catch(() => undefined))
  stack.defer(async () => void (await Promise.all(woken)))
  const onCommitted = () => void wake(lanes.events)
  const onRevoked = () => void wake(lanes.revocations)
  // An operator who unlocks somebody must hear that nothing was unlocked.
  const onRedis = (isAnswering: boolean) => {
    if (!isAnswering) throw new Error('Redis does not answer, see REDIS_URL')
  }
  const parts = { clock: systemClock, newId, database, log: silent, onCommitted, onRevoked, onRedis }
  const deps = await makeDeps(config, parts, stack)
  const opened = stack.move()
  return { deps, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Brings the configured database's schema to this version and returns the names of the migrations that ran. Throws as {@link openOperator}. */
export async function migrateDatabase(config: Config): Promise<string[]> {
  await using stack = new AsyncDisposableStack()
  const database = await openForOperator(config, stack)
  return await migrateAsOwner(await openOwner(config, database, silent, stack), database)
}

async function openForOperator(config: Config, stack: AsyncDisposableStack): Promise<Database> {
  try {
    const database = await openDatabase(config, silent)
    stack.defer(() => database.close())
    return database
  } catch (error) {
    if (!(error instanceof FolderLockedError)) throw error
    throw new Error(
      `a running service holds the embedded database in ${config.AUTH_DATA_DIR}: stop it first (with PostgreSQL, DATABASE_URL, that is not needed)`,
    )
  }
}

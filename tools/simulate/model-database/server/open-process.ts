import { Kysely } from 'kysely'
import type { Database } from '../../../../services/auth/src/store/database.ts'
import { withStoreErrors } from '../../../../services/auth/src/store/driver-errors.ts'
import { isLeaderLockTaken, takeLeaderLock } from '../../../../services/auth/src/store/postgres-leader.ts'
import { openPostgresListener } from '../../../../services/auth/src/store/postgres-listener.ts'
import { RememberingDialect } from '../../../../services/auth/src/store/remembering-compiler.ts'
import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import { Client } from './client.ts'
import { Pool } from './pool.ts'
import type { Process } from './process.ts'

/** Resolves after that time of the process, or when `signal` aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>

const leaderQueryTimeoutMs = 10_000
const listenerQueryTimeoutMs = 3000

/** Opens what the service's own `openPostgres` would: a pool, and connections of their own for locks and notifications. */
export function openProcess(process: Process, poolSize: number, sleep: Sleep): Database {
  const pool = new Pool(process, poolSize)
  const withTranslation = {
    options: pool.options,
    connect: () => withStoreErrors(() => pool.connect()),
    end: () => pool.end(),
  }
  const kysely = new Kysely<Schema>({ dialect: new RememberingDialect({ pool: withTranslation as never }) })
  return {
    kysely,
    transaction: (work) => kysely.transaction().execute(work),
    findLeaderSession: (lock) =>
      withStoreErrors(async () =>
        (await isLeaderLockTaken(kysely, lock))
          ? undefined
          : await takeLeaderLock(toPgClient(new Client(process, leaderQueryTimeoutMs)) as never, lock),
      ),
    openListener: (channel, onNotification) => {
      const makeClient = () => toPgClient(new Client(process, listenerQueryTimeoutMs)) as never
      return openPostgresListener({ makeClient, sleep, channel, onNotification })
    },
    queryCount: () => process.queryCount,
    close: () => kysely.destroy(),
  }
}

/** As much of pg's `Client` as leaders' sessions and listeners use. */
function toPgClient(client: Client) {
  return {
    connect: () => client.connect(),
    query: (text: string, parameters?: readonly unknown[]) => client.query(text, parameters),
    on: (event: 'notification' | 'error' | 'end', listener: () => void) => {
      if (event === 'notification') client.onNotification = listener
      else client.onEnd = listener
    },
    escapeIdentifier: (name: string) => `"${name}"`,
    end: async () => client.end(),
    connection: { stream: { destroy: () => client.end() } },
  }
}

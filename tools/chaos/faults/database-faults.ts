import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { PostgresPart } from '../../parts/open-postgres.ts'
import type { FaultKind } from './fault.ts'

function makeStop(name: string, signal: NodeJS.Signals): FaultKind {
  return {
    name,
    targets: () => ['postgres'],
    lastsMs: [500, 3_000],
    async begin(_target, { world: { postgres } }) {
      await postgres.kill(signal)
      return () => postgres.start()
    },
  }
}

const pause: FaultKind = {
  name: 'pause PostgreSQL',
  weight: 2,
  targets: () => ['postgres'],
  async begin(_target, { world: { postgres } }) {
    await postgres.pause()
    return () => postgres.resume()
  },
}

const tables = ['users', 'sessions', 'revocations', 'outbox'] as const

/** Somebody else's transaction that writers have to wait for. */
const foreignLock: FaultKind = {
  name: 'foreign lock',
  weight: 2,
  targets: () => ['postgres'],
  async begin(_target, { world: { postgres }, random }) {
    const client = new pg.Client({ connectionString: postgres.url })
    client.on('error', () => undefined)
    await client.connect()
    await client.query('begin')
    const isWhole = random.next() < 0.5
    const table = random.pick(tables)
    await client.query(
      isWhole
        ? `lock table ${table} in share row exclusive mode`
        : 'select from users order by random() limit 200 for update',
    )
    return async () => {
      await client.query('rollback').catch(() => undefined)
      await client.end().catch(() => undefined)
    }
  },
}

/**
 * The database comes back as a standby and is promoted: another timeline, so another epoch, without a lost commit. What was issued before
 * is revoked by the service itself.
 */
const promote: FaultKind = {
  name: 'promotion',
  targets: () => ['postgres'],
  lastsMs: [500, 1_500],
  async begin(_target, { world: { postgres }, history }) {
    history.beginNewEpoch()
    await postgres.stop()
    await writeFile(join(postgres.dataFolder, 'standby.signal'), '')
    const started = postgres.start()
    started.catch(() => undefined)
    return async () => {
      await promoteNow(postgres)
      await started
    }
  },
}

async function promoteNow({ url }: PostgresPart): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select pg_promote(false)')
      return
    } catch {
      await sleep(100)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  throw new Error('the standby could not be promoted')
}

/** Faults of the database. */
export const databaseFaults: readonly FaultKind[] = Object.freeze([
  makeStop('restart PostgreSQL', 'SIGINT'),
  makeStop('crash PostgreSQL', 'SIGQUIT'),
  makeStop('kill PostgreSQL', 'SIGKILL'),
  pause,
  foreignLock,
  promote,
])

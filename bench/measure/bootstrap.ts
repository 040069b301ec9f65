import { monitorEventLoopDelay } from 'node:perf_hooks'
import { connectAuth } from '@immersiverse/auth-client'
import pg from 'pg'
import type { Figure } from '../figures.ts'
import { tell } from '../world.ts'

const rows = 1_000_000
const giveUpMs = 120_000

/**
 * From `connectAuth` to FRESH with a million live revocations in the database, over GetRevocationSnapshot of the service, and how long this
 * process was kept from its other work at the most.
 */
export async function measureBootstrap(databaseUrl: string, address: string): Promise<Figure[]> {
  tell('local verification: bootstrap from a million rows')
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    const after = await insertRevocations(database)
    const figure = await measure(address)
    await database.query('delete from revocations where rseq > $1 and rseq <= $1 + $2', [after, rows])
    await database.query('vacuum analyze revocations')
    return [figure]
  } finally {
    await database.end()
  }
}

async function measure(address: string): Promise<Figure> {
  const before = process.memoryUsage().arrayBuffers
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const startedAt = performance.now()
  await using auth = await connectAuth({ address, verification: 'local', readyTimeoutMs: giveUpMs })
  const tookMs = performance.now() - startedAt
  delay.disable()
  const status = auth.status()
  if (status.verification !== 'local' || status.revocations.state !== 'FRESH') throw new Error('not FRESH')
  if (status.revocations.entries < rows) throw new Error('revocations are missing')
  const megabytes = (process.memoryUsage().arrayBuffers - before) / 1e6
  const facts = `${(tookMs / 1000).toFixed(2)} s, loop kept ${(delay.max / 1e6).toFixed(0)} ms at most, ${megabytes.toFixed(0)} MB more`
  return {
    name: `bootstrap of 1,000,000 rows: ${facts}`,
    perSecond: (rows / tookMs) * 1000,
    limit: '1,000,000 in 5 s',
    ratio: 5000 / tookMs,
  }
}

/** Numbered already, as if they had been revoked long ago; answers the number before the first. */
async function insertRevocations(database: pg.Client): Promise<number> {
  const lane = await database.query<{ after: string }>(
    'update lanes set last_pub_seq = last_pub_seq + $1 where lane = 1 returning last_pub_seq - $1 as after',
    [rows],
  )
  const after = Number(lane.rows[0]?.after)
  await database.query(
    `insert into revocations (id, type, subject, reason, committed_at, expires_at, epoch, rseq)
      select gen_random_uuid(), 'SESSION', gen_random_uuid(), 'LOGOUT', clock_timestamp(), clock_timestamp() + interval '3 hours',
        (select system_id || '.' || timeline || '.' || counter from epoch), $1 + n
      from generate_series(1, $2::bigint) n`,
    [after, rows],
  )
  await database.query('vacuum analyze revocations')
  return after
}

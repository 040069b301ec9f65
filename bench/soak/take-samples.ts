import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { EventFlow } from '../events/open-event-flow.ts'
import type { Unhandled } from './make-unhandled.ts'
import { type Buckets, readBuckets, toQuantileMs } from './read-buckets.ts'

/** How the flow did in one minute. */
export interface SoakSample {
  readonly minute: number
  /** Events committed and handled until then. */
  readonly committed: number
  readonly handled: number
  /** Of them not yet handled. */
  readonly waiting: number
  readonly liveRows: number
  readonly deadRows: number
  /** The outbox with its indexes. */
  readonly tableMegabytes: number
  /** Upper bounds, by the buckets of the service's metric, of what numbering took in this minute. */
  readonly numberingP50Ms: number
  readonly numberingP99Ms: number
  readonly serviceMegabytes: number
}

/** Takes a sample at the end of every minute until `stop`. */
export async function* takeSamples(
  flow: EventFlow,
  events: Pick<Unhandled, 'size' | 'total'>,
  stop: AbortSignal,
): AsyncGenerator<SoakSample> {
  const client = new pg.Client({ connectionString: flow.databaseUrl })
  await client.connect()
  try {
    let before = await readNumbering(flow.adminPort)
    for (let minute = 1; !stop.aborted; minute += 1) {
      await sleep(60_000)
      const now = await readNumbering(flow.adminPort)
      yield {
        minute,
        committed: events.total,
        handled: events.total - events.size,
        waiting: events.size,
        ...(await readTable(client)),
        numberingP50Ms: toQuantileMs(before, now, 0.5),
        numberingP99Ms: toQuantileMs(before, now, 0.99),
        serviceMegabytes: await readMegabytes(flow.service.pid),
      }
      before = now
    }
  } finally {
    await client.end()
  }
}

async function readNumbering(adminPort: number): Promise<Buckets> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return readBuckets(text, 'auth_numbering_duration_seconds', 'lane="events"')
}

async function readTable(
  client: pg.Client,
): Promise<Pick<SoakSample, 'liveRows' | 'deadRows' | 'tableMegabytes'>> {
  const { rows } = await client.query<{ live: string; dead: string; bytes: string }>(
    `select n_live_tup as live, n_dead_tup as dead, pg_total_relation_size(relid) as bytes
     from pg_stat_user_tables where relname = 'outbox'`,
  )
  const [row] = rows
  if (row === undefined) throw new Error('there is no table outbox')
  return { liveRows: Number(row.live), deadRows: Number(row.dead), tableMegabytes: Number(row.bytes) / 1e6 }
}

async function readMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1_000
}

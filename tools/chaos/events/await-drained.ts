import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** How long it may take until all that was committed is published, once nothing is wrong any more (O11). */
export const drainLimitMs = 60_000

const everyMs = 50

/**
 * Resolves with how long it took until every event and revocation that was committed before `before` is marked as published, or until `signal`
 * aborts. Throws how many wait after {@link drainLimitMs}.
 */
export async function awaitDrained(url: string, before: Date, signal: AbortSignal): Promise<number> {
  const begunAtMs = performance.now()
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    for (;;) {
      const waiting = await countWaiting(client, before)
      const tookMs = performance.now() - begunAtMs
      if (waiting === 0 || signal.aborted) return tookMs
      if (tookMs > drainLimitMs)
        throw new Error(`${waiting} events and revocations wait after ${drainLimitMs} ms`)
      await sleep(everyMs)
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function countWaiting(client: pg.Client, before: Date): Promise<number> {
  const { rows } = await client.query(
    `select (select count(*) from outbox where published_at is null and occurred_at < $1)::float8
      + (select count(*) from revocations where committed_at < $1
        and (rseq is null or rseq > (select published_up_to from lanes where lane = 1)))::float8 as waiting`,
    [before],
  )
  return rows[0].waiting
}

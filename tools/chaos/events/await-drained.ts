import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { withClient } from './with-client.ts'

/** How long it may take until all that was committed is published, once nothing is wrong any more (O11). */
export const drainLimitMs = 60_000

const everyMs = 50

/**
 * Resolves with how long it took until every event, revocation and state that was committed before `before` is published, or until `signal`
 * aborts. Throws how many wait after {@link drainLimitMs}.
 */
export async function awaitDrained(url: string, before: Date, signal: AbortSignal): Promise<number> {
  const begunAtMs = performance.now()
  return await withClient(url, async (client) => {
    for (;;) {
      const waiting = await countWaiting(client, before)
      const tookMs = performance.now() - begunAtMs
      if (waiting === 0 || signal.aborted) return tookMs
      if (tookMs > drainLimitMs)
        throw new Error(`${waiting} events and revocations wait after ${drainLimitMs} ms`)
      await sleep(everyMs)
    }
  })
}

async function countWaiting(client: pg.Client, before: Date): Promise<number> {
  const { rows } = await client.query(
    `select (select count(*) from outbox where published_at is null and occurred_at < $1)::float8
      + (select count(*) from revocations where committed_at < $1
        and (rseq is null or rseq > (select published_up_to from lanes where lane = 1)))::float8
      + (select count(*) from outbox where occurred_at < $1
        and pub_seq > (select published_up_to from lanes where lane = 0 and published_up_to > 0))::float8 as waiting`,
    [before],
  )
  return rows[0].waiting
}

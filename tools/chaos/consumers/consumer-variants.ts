import type { EventInfo, PostgresInbox } from '@immersiverse/auth-client/events'
import type pg from 'pg'

/** How a handler keeps events from taking effect twice: as the documents say, or in a way that is known to be wrong. */
export type ConsumerVariant = 'good' | 'no-inbox' | 'mark-first'

/** What a handler needs to write once. */
export interface OnceParts {
  readonly pool: pg.Pool
  readonly inbox: PostgresInbox
}

type Once = (
  parts: OnceParts,
  info: EventInfo,
  work: (client: pg.PoolClient) => Promise<void>,
) => Promise<boolean>

/** The variants by name; the run has to find out all but `good`. */
export const consumerVariants: Readonly<Record<ConsumerVariant, Once>> = Object.freeze({
  good: ({ pool, inbox }, info, work) => inbox.once(pool, info, work),
  // At least once only: what is delivered again takes effect again.
  'no-inbox': async ({ pool }, _info, work) => {
    await writeAlone(pool, work)
    return true
  },
  // Noted as handled in a transaction of its own, before the work: a crash between the two loses the event.
  'mark-first': async ({ pool, inbox }, info, work) => {
    if (!(await inbox.isNew(pool, info))) return false
    await writeAlone(pool, work)
    return true
  },
})

async function writeAlone(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  let isWhole = false
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
    isWhole = true
  } finally {
    client.release(!isWhole)
  }
}

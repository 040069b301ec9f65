import type pg from 'pg'

/** A transaction that nobody knows of but whoever opened it. */
export interface ForeignTransaction {
  /** Whether it is still open: a restart of the server ends it. */
  readonly isOpen: boolean
  close(): Promise<void>
}

/** Connects, begins a transaction that writes, and leaves it open. */
export async function openForeignTransaction(client: pg.Client): Promise<ForeignTransaction> {
  let isOpen = true
  const ended = () => {
    isOpen = false
  }
  client.on('error', ended)
  client.on('end', ended)
  await client.connect()
  await client.query('create table if not exists foreign_notes (note text not null)')
  await client.query('begin')
  await client.query(`insert into foreign_notes values ('of somebody else')`)
  return {
    get isOpen() {
      return isOpen
    },
    async close() {
      await client.query('commit').catch(() => undefined)
      await client.end().catch(() => undefined)
    },
  }
}

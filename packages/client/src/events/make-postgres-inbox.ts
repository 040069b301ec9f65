import { EventEmitter } from 'node:events'
import type { EventInfo } from './decode-event.ts'

/** The part of a PostgreSQL client that is used; those of `pg` and PGlite have it. */
export interface InboxClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** The part of a pool of `pg` that is used. */
export interface InboxPool<Client extends InboxClient> {
  connect(): Promise<Client & { release(broken?: boolean): void }>
}

/** Knows which events were handled, in the database in which handlers write: with it an event changes that database exactly once. */
export interface PostgresInbox {
  /**
   * Does the work in a transaction of its own, unless it was done for this event before; resolves to whether it did. What the work writes with
   * its client and that the event was handled commit together, or neither. Rejects with what failed; the event was not handled then.
   */
  once<Client extends InboxClient>(
    pool: InboxPool<Client>,
    info: Pick<EventInfo, 'eventId'>,
    work: (client: Client) => unknown,
  ): Promise<boolean>
  /**
   * For a transaction of the handler's own: whether the event is new. From then on it is not, if that transaction commits. Call it first: of
   * two that run at once with one event, the second waits for the first.
   */
  isNew(client: InboxClient, info: Pick<EventInfo, 'eventId'>): Promise<boolean>
  /** Makes the table where it is not there. */
  create(client: InboxClient): Promise<void>
  /** Forgets events handled before; keep them as long as they may be delivered again: the topics' retention, 30 days by default. */
  prune(client: InboxClient, before: Date): Promise<void>
}

/** How an inbox is kept. */
export interface PostgresInboxOptions {
  /** Tells several consumers in one table apart. */
  readonly group: string
  /** `table` or `schema.table`, in lower case; default `auth_inbox`. */
  readonly table?: string
}

const tableName = /^[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?$/

/** Makes an inbox in PostgreSQL. Throws TypeError for a table's name that is none. */
export function makePostgresInbox({ group, table = 'auth_inbox' }: PostgresInboxOptions): PostgresInbox {
  if (!tableName.test(table))
    throw new TypeError('table must be a lower-case name, with its schema or without')
  const isNew: PostgresInbox['isNew'] = async (client, { eventId }) => {
    const { rows } = await client.query(
      `insert into ${table} (consumer, event_id) values ($1, $2) on conflict do nothing returning 1`,
      [group, eventId],
    )
    return rows.length > 0
  }
  return {
    isNew,
    async once(pool, info, work) {
      const client = await pool.connect()
      // A connection that breaks says so twice: to whoever asks it something, and as an event that ends the process where nobody listens.
      const emitter = client instanceof EventEmitter ? client : undefined
      const ignore = () => undefined
      emitter?.on('error', ignore)
      let isBroken = true
      try {
        await client.query('begin')
        const isFirst = await isNew(client, info)
        if (isFirst) await work(client)
        await client.query('commit')
        isBroken = false
        return isFirst
      } catch (error) {
        isBroken = await client.query('rollback').then(
          () => false,
          () => true,
        )
        throw error
      } finally {
        if (!isBroken) emitter?.off('error', ignore)
        client.release(isBroken)
      }
    },
    async create(client) {
      await client.query(`create table if not exists ${table} (
        consumer text not null,
        event_id uuid not null,
        handled_at timestamptz not null default now(),
        primary key (consumer, event_id)
      )`)
    },
    async prune(client, before) {
      await client.query(`delete from ${table} where consumer = $1 and handled_at < $2`, [group, before])
    },
  }
}

import type pg from 'pg'

/** How far the events have come: numbers given, and numbers up to which all are published. */
export interface Backlog {
  readonly atMs: number
  readonly numbered: number
  readonly published: number
}

/** Reads it by indexes alone, so that looking costs the same whatever waits. */
export async function readBacklog(client: pg.Client): Promise<Backlog> {
  const { rows } = await client.query(
    `select last_pub_seq::float8 as numbered,
      (select min(pub_seq) from outbox where lane = 0 and pub_seq is not null and published_at is null)::float8 as waiting
    from lanes where lane = 0`,
  )
  const { numbered, waiting } = rows[0]
  return { atMs: performance.now(), numbered, published: waiting === null ? numbered : waiting - 1 }
}

import type pg from 'pg'
import type { Committed, CommittedEvent } from './committed.ts'

const pageSize = 5_000

/** Reads what the database holds, past the service and its code. Events in the order of their positions. */
export async function readCommitted(client: pg.Client): Promise<Committed> {
  const users = await client.query(
    `select users.id, users.status = 'DELETED' as is_deleted, users.version::float8, user_sequences.seq::float8,
      username, display_name, users.status, roles
    from users join user_sequences on user_sequences.user_id = users.id`,
  )
  const sessions = await client.query('select id from sessions')
  const revocations = await client.query(
    'select id, subject, epoch, rseq::float8, committed_at from revocations order by rseq',
  )
  return {
    events: await readEvents(client),
    users: users.rows.map(({ id, is_deleted, version, seq, username, display_name, status, roles }) => ({
      id,
      isDeleted: is_deleted,
      version,
      sequence: seq,
      profile: is_deleted ? undefined : { username, displayName: display_name, status, roles },
    })),
    sessionIds: sessions.rows.map(({ id }) => id),
    revocations: revocations.rows.map(({ id, subject, epoch, rseq, committed_at }) => ({
      id,
      subject,
      epoch: epoch ?? undefined,
      number: rseq ?? undefined,
      committedAt: committed_at,
    })),
  }
}

async function readEvents(client: pg.Client): Promise<CommittedEvent[]> {
  const events: CommittedEvent[] = []
  for (let after = 0; ; ) {
    const { rows } = await client.query(
      `select position::float8, id, event, key, user_id, user_sequence::float8, topic_previous::float8, content_type,
        convert_from(data, 'UTF8') as data, traceparent, occurred_at, epoch, pub_seq::float8
      from outbox where position > $1 order by position limit ${pageSize}`,
      [after],
    )
    for (const row of rows) events.push(toEvent(row))
    const last = rows.at(-1)
    if (last === undefined) return events
    after = last.position
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what the driver gives for the columns above
function toEvent(row: any): CommittedEvent {
  return {
    id: row.id,
    event: row.event,
    key: row.key,
    userId: row.user_id ?? undefined,
    userSequence: row.user_sequence ?? undefined,
    topicPrevious: row.user_sequence === null ? undefined : (row.topic_previous ?? 0),
    contentType: row.content_type,
    data: row.data,
    traceparent: row.traceparent ?? undefined,
    occurredAt: row.occurred_at,
    epoch: row.epoch ?? undefined,
    pubSeq: row.pub_seq ?? undefined,
  }
}

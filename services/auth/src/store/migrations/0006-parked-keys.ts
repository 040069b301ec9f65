import { type Kysely, sql } from 'kysely'

/** Records that the broker refuses for good, and up to where events were deleted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // EVENTS: the events themselves stay in the outbox, unpublished; pub_seq is the refused one, the first of those that wait. STATES: the key is a
  // user whose state is withheld; pub_seq is 0.
  `create table parked_keys (
    kind text not null check (kind in ('EVENTS', 'STATES')),
    key text not null,
    pub_seq bigint not null,
    reason text not null,
    parked_at timestamptz not null default now(),
    attempts integer not null default 1,
    retry_at timestamptz not null,
    primary key (kind, key)
  )`,
  // A table of its own: a deletion must not wait for the lane's row, nor numbering for a deletion.
  `create table outbox_deletions (
    lane smallint primary key,
    deleted_up_to bigint not null
  )`,
  'insert into outbox_deletions (lane, deleted_up_to) values (0, 0)',
]

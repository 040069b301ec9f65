import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { LeaderLock } from './database.ts'
import type { Schema } from './schema.ts'

/** Rows that one leader numbers without gaps: how they are found, and how their leader is woken. */
export interface Lane {
  /** Its row in `lanes`, with the leader's term and the last number. */
  readonly lane: number
  /** What leaders compete for. */
  readonly lock: LeaderLock
  /** The channel on which writers wake the leader, outside their transactions. */
  readonly channel: string
  readonly table: 'outbox' | 'revocations' | 'audit_log'
}

/** A lane whose rows carry their numbers. */
export interface NumberedLane extends Lane {
  readonly table: 'outbox' | 'revocations'
  /** The column of the numbers. */
  readonly number: 'pub_seq' | 'rseq'
  /** Which rows wait for one; an index answers it. */
  readonly unnumbered: RawBuilder<boolean>
}

/**
 * The lanes: events on their way to Kafka or to watchers, revocations, which never wait behind events, and the audit trail, whose rows never change:
 * their numbers stand in `audit_chain`.
 */
export const lanes = Object.freeze({
  events: {
    lane: 0,
    lock: 'relay',
    channel: 'auth_outbox',
    table: 'outbox',
    number: 'pub_seq',
    unnumbered: sql<boolean>`lane = 0 and pub_seq is null`,
  },
  revocations: {
    lane: 1,
    lock: 'revocations',
    channel: 'auth_revocations',
    table: 'revocations',
    number: 'rseq',
    unnumbered: sql<boolean>`rseq is null`,
  },
  audit: { lane: 2, lock: 'audit', channel: 'auth_audit', table: 'audit_log' },
} as const satisfies Record<string, Lane | NumberedLane>)

/** On this channel the leader of the revocations says that some have got their numbers. */
export const numberedRevocationsChannel = 'auth_revocations_numbered'

/** Wakes a lane's leader in another process. Never inside a writing transaction: that would serialise all commits. */
export async function notifyLane(kysely: Kysely<Schema>, { channel }: Lane): Promise<void> {
  await notify(kysely, channel)
}

/** Wakes those who follow revocations in other processes. */
export async function notifyNumberedRevocations(kysely: Kysely<Schema>): Promise<void> {
  await notify(kysely, numberedRevocationsChannel)
}

/** A notification has a commit of its own, which need not wait for the disk: after a crash nobody listens any more. */
async function notify(kysely: Kysely<Schema>, channel: string): Promise<void> {
  await sql`select pg_notify(${channel}, ''), set_config('synchronous_commit', 'off', true)`.execute(kysely)
}

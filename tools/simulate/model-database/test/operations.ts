import { type Kysely, sql, type Transaction } from 'kysely'
import type { SessionId, UserId } from '../../../../services/auth/src/domain/ids.ts'
import { appendEvent } from '../../../../services/auth/src/store/append-event.ts'
import { insertRevocations } from '../../../../services/auth/src/store/append-revocations.ts'
import { settleEpoch } from '../../../../services/auth/src/store/epoch.ts'
import { lanes } from '../../../../services/auth/src/store/lanes.ts'
import { numberRows, takeOverLane } from '../../../../services/auth/src/store/number-rows.ts'
import { countUnpublished, markPublished } from '../../../../services/auth/src/store/outbox.ts'
import { deletePublished } from '../../../../services/auth/src/store/outbox-retention.ts'
import {
  origin,
  testInstallation,
  toLoginSucceeded,
} from '../../../../services/auth/src/store/outbox-testing.ts'
import { parkKey, unparkKey } from '../../../../services/auth/src/store/parked-keys.ts'
import { insertRequest } from '../../../../services/auth/src/store/request-ids.ts'
import { rotateCurrent } from '../../../../services/auth/src/store/rotate-current.ts'
import type { Schema } from '../../../../services/auth/src/store/schema.ts'
import {
  endSession,
  endUserSessions,
  eraseUserSessions,
  insertSession,
  listLiveSessions,
  lockSession,
  rotateSession,
} from '../../../../services/auth/src/store/sessions.ts'
import { listUserChanges, readUserStates } from '../../../../services/auth/src/store/user-states.ts'
import {
  eraseUser,
  findAccount,
  insertUser,
  lockAccount,
  noteLogin,
  raiseTokenVersion,
  updateUser,
} from '../../../../services/auth/src/store/users.ts'

/** What one step of a schedule does, with numbers that choose among a few users, sessions and names. */
export interface Step {
  readonly session: number
  readonly operation: OperationName
  readonly choice: number
  /** Unlike any other step's: makes ids that are the same on every database. */
  readonly serial: number
}

type Operation = (trx: Transaction<Schema>, step: Step) => Promise<unknown>

/** The id of a kind and number, the same on every database. */
export function toId(kind: number, number: number): string {
  return `0190${kind}000-0000-7000-8000-${String(number).padStart(12, '0')}`
}

export const users = [0, 1].map((n) => toId(1, n) as UserId)
export const sessions = [0, 1, 2].map((n) => toId(2, n) as SessionId)
const lifetimes = { idleMs: 3_600_000, maxMs: 7_200_000 }

export const toUser = (choice: number) => users[choice % users.length] as UserId
export const toSession = (choice: number) => sessions[choice % sessions.length] as SessionId
export const toSecret = (serial: number) => ({
  tokenHash: Buffer.alloc(32, serial),
  nonce: Buffer.alloc(32, serial),
  derivationKeyId: 'key',
})

/** What the service's transactions are made of; what they return tells apart what others did before. */
export const operations = Object.freeze({
  lockToIssue: async (trx, { choice }) => toFacts(await lockAccount(trx, toUser(choice), 'share')),
  lockToRevoke: async (trx, { choice }) => toFacts(await lockAccount(trx, toUser(choice), 'update')),
  lockSession: async (trx, { choice }) => {
    const { generation, endedAt } = (await lockSession(trx, toSession(choice)))?.session ?? {}
    return [generation, endedAt !== undefined]
  },
  findAccount: async (trx, { choice }) =>
    toFacts(await findAccount(trx, { by: 'id', value: toUser(choice) })),
  listLiveSessions: async (trx, { choice }) => {
    const live = await listLiveSessions(trx, toUser(choice), 100)
    return live.map(({ id }) => id).sort()
  },
  openSession: async (trx, { choice, serial }) => {
    const facts = { id: toId(3, serial) as SessionId, userId: toUser(choice) }
    const client = { clientId: 'web', deviceName: '' }
    const issue = await insertSession(trx, { ...facts, client, origin }, toSecret(serial), lifetimes)
    return issue.refreshExpiresAt.getTime() - issue.issuedAt.getTime()
  },
  noteLogin: (trx, { choice, serial }) => noteLogin(trx, toUser(choice), new Date(serial)),
  endSession: (trx, { choice }) => endSession(trx, toSession(choice)),
  endUserSessions: (trx, { choice }) => endUserSessions(trx, toUser(choice)),
  eraseUserSessions: (trx, { choice }) => eraseUserSessions(trx, toUser(choice)),
  rotateSession: async (trx, { choice, serial }) => {
    const issue = await rotateSession(trx, toSession(choice), toSecret(serial), origin, 60_000)
    return issue.refreshExpiresAt.getTime() - issue.issuedAt.getTime()
  },
  rotateCurrent: async (trx, { choice, serial }) => {
    const at = choice % sessions.length
    const token = {
      userId: toUser(at),
      sessionId: toSession(at),
      generation: 1,
      hash: toSecret(at).tokenHash,
    }
    const rotated = await rotateCurrent(
      { kysely: trx },
      { ...token, clientId: '' },
      toSecret(serial),
      origin,
      60_000,
    )
    return rotated?.account
  },
  changeName: async (trx, { choice, serial }) =>
    toFacts(await updateUser(trx, toUser(choice), { displayName: `n${serial}` }, false)),
  changeEmail: async (trx, { choice }) =>
    toFacts(await updateUser(trx, toUser(choice), { email: `e${choice % 3}@example.org` }, false)),
  suspend: async (trx, { choice }) =>
    toFacts(await updateUser(trx, toUser(choice), { status: 'SUSPENDED' }, true)),
  raiseTokenVersion: (trx, { choice }) => raiseTokenVersion(trx, toUser(choice)),
  eraseUser: (trx, { choice }) => eraseUser(trx, toUser(choice)),
  insertUser: async (trx, { choice, serial }) => {
    const names = { username: `new${choice % 2}`, email: `e${choice % 3}@example.org` }
    const id = toId(4, serial) as UserId
    return toFacts(await insertUser(trx, { id, ...names, displayName: '', passwordHash: 'none' }))
  },
  insertRequest: (trx, { choice }) =>
    insertRequest(trx, toId(5, choice % 2), { fingerprint: Buffer.alloc(4), userId: toUser(choice) }),
  appendEvent: (trx, { choice, serial }) =>
    appendEvent(trx, toLoginSucceeded(toUser(choice)), { encoding: 'json', id: toId(6, serial) }),
  revoke: async (trx, { choice, serial }) => {
    const entry = { type: 'SESSION', subject: toSession(choice), reason: 'LOGOUT' } as const
    const mark = await insertRevocations(trx, [entry], { newId: () => toId(7, serial), coverMs: 1000 })
    return mark.entries.length
  },
  numberEvents: (trx) => numberRows(trx, lanes.events, { term: 0, epoch: 'e.1.1' }, 100),
  numberRevocations: (trx) => numberRows(trx, lanes.revocations, { term: 0, epoch: 'e.1.1' }, 100),
  // Behind what was numbered when nobody else was writing, which in a schedule is only known to be 0 or everything.
  numberEventsBehind: (trx) => numberRows(trx, lanes.events, { term: 0, epoch: 'e.1.1' }, 100, 1e12),
  publishEvents: (trx, { choice }) => markPublished(trx, 1, choice),
  countUnpublished: (trx) => countUnpublished(trx, 100),
  deletePublished: (trx, { choice }) =>
    deletePublished(trx, { after: 0, retentionMs: 0, isForStates: choice === 1, limit: 2 }),
  parkKey: (trx, { choice, serial }) =>
    parkKey(
      trx,
      { term: 0, epoch: 'e.1.1' },
      { key: toUser(choice), pubSeq: serial, reason: 'no' },
      { firstMs: 1000, longestMs: 3000 },
    ),
  unparkKey: (trx, { choice }) => unparkKey(trx, toUser(choice)),
  listUserChanges: (trx) => listUserChanges(trx, 0, 100),
  readUserStates: async (trx) =>
    (await readUserStates(trx, users))
      .map(({ userId, version, user }) => [userId, version, user?.displayName])
      .sort(),
  takeOver: async (trx) => (await takeOverLane(trx, lanes.events, testInstallation)).term,
  settleEpoch: async (trx) => (await settleEpoch(trx, testInstallation)).split('.')[2],
  lockTable: (trx) => sql`lock table sessions in exclusive mode`.execute(trx).then(() => undefined),
} satisfies Record<string, Operation>)

/** A word of {@link operations}, or the end of a transaction. */
export type OperationName = keyof typeof operations | 'commit' | 'rollback'

function toFacts(account: Awaited<ReturnType<typeof findAccount>>) {
  if (account === undefined) return undefined
  const { displayName, email, status, tokenVersion, version } = account
  return { displayName, email, status, tokenVersion, version }
}

/** All rows but what clocks and the order among different users decide, by their keys. */
export async function dumpTables(kysely: Kysely<Schema>): Promise<Record<string, unknown[]>> {
  const dump: Record<string, unknown[]> = {}
  for (const table of [
    'users',
    'user_logins',
    'sessions',
    'request_ids',
    'user_sequences',
    'outbox',
    'revocations',
    'parked_keys',
    'outbox_deletions',
    'lanes',
    'epoch',
  ] as const) {
    const rows = await kysely.selectFrom(table).selectAll().execute()
    dump[table] = rows.map((row) => JSON.stringify(row, forCompare)).sort()
  }
  return dump
}

const undecided = new Set(['position', 'pub_seq', 'deleted_up_to', 'rseq', 'system_id', 'data'])

function forCompare(key: string, value: unknown): unknown {
  if (undecided.has(key)) return value === null ? null : 'some'
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value))
    return value.startsWith('1970') ? value : 'time'
  return value
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { appendAudit } from '../store/append-audit.ts'
import { dropAuditPartitions, makeAuditPartitions } from '../store/audit-partitions.ts'
import { getChainHead } from '../store/chain-rows.ts'
import { lanes } from '../store/lanes.ts'
import { openTestPool, openTestPostgres, testOnBoth, until } from '../store/outbox-testing.ts'
import { verifyAuditChain } from '../store/verify-audit-chain.ts'
import {
  appendSome,
  openTestAuditLane,
  someEntry,
  tamper,
  toFaults,
  verifyWhenChained,
} from './audit-testing.ts'

testOnBoth(
  'nobody changes, deletes or truncates the trail, its chain or its anchors',
  async (_t, database, adapter) => {
    if (adapter === 'model') return
    await appendSome(database, 1)
    const refused = /the audit trail is append-only/
    for (const table of ['audit_log', 'audit_chain', 'audit_anchors']) {
      await sql`insert into audit_anchors values (1, '') on conflict do nothing`.execute(database.kysely)
      await sql`insert into audit_chain (seq, occurred_at, position, row_id, hash)
      values (0, now(), 0, ${randomUUID()}, '')`.execute(database.kysely)
      const run = (statement: string) => sql.raw(statement).execute(database.kysely)
      const column = table === 'audit_log' ? 'reason = reason' : 'hash = hash'
      await assert.rejects(run(`update ${table} set ${column}`), refused)
      await assert.rejects(run(`delete from ${table}`), refused)
      await assert.rejects(run(`truncate ${table}`), refused)
    }
    const { rows } = await sql<{ part: string }>`
    select relname as part from pg_class where relname ~ '^audit_(log|chain)_[0-9]{6}$'`.execute(
      database.kysely,
    )
    assert.equal(rows.length, 8)
    for (const { part } of rows) {
      await assert.rejects(sql.raw(`truncate ${part}`).execute(database.kysely), refused)
    }
  },
)

testOnBoth(
  'every row gets its place in the chain, in order, and the chain holds',
  async (t, database, adapter) => {
    if (adapter === 'model') return
    openTestAuditLane(t, database)
    const ids = await appendSome(database, 25)
    const verified = await verifyWhenChained(database)
    assert.deepEqual([toFaults(verified), verified.entries, verified.seq], [[], 25, 25])
    const entries = await database.kysely.selectFrom('audit_chain').select('row_id').orderBy('seq').execute()
    assert.deepEqual(
      entries.map(({ row_id }) => row_id),
      ids,
    )
    // What is settled is not looked through again.
    await until(async () => (await getChainHead(database.kysely)).settled === 25)
    await appendSome(database, 1)
    assert.deepEqual(toFaults(await verifyWhenChained(database)), [])
  },
)

test('a row that commits long after later ones gets its entry, and none is left out or twice in it', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  openTestAuditLane(t, database)
  const late = randomUUID()
  const [hold, drawn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = openTestPool(t, url).transaction(async (trx) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(trx)
    await appendAudit(trx, [{ id: late, actor: 'system', entry: someEntry }])
    drawn.resolve()
    await hold.promise
  })
  await drawn.promise
  await appendSome(database, 10)
  await until(async () => (await getChainHead(database.kysely)).seq === 10)
  // Long enough for what is settled to move, were it not for the open transaction.
  await until(async () => (await appendSome(database, 1)) && (await getChainHead(database.kysely)).seq >= 40)
  assert.ok((await getChainHead(database.kysely)).settled < 1)
  hold.resolve()
  await slow
  const verified = await verifyWhenChained(database)
  assert.deepEqual(toFaults(verified), [])
  const { rows } = await sql<{ count: number; distinct: number }>`
    select count(*) as count, count(distinct row_id) as distinct from audit_chain`.execute(database.kysely)
  assert.deepEqual(rows, [{ count: verified.seq, distinct: verified.seq }])
})

test('two processes, one after the other and both at once, make one chain', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  const first = openTestAuditLane(t, database)
  await until(() => first.status().leader)
  openTestAuditLane(t, openTestPool(t, url))
  await Promise.all([appendSome(database, 60), appendSome(database, 60), first.close()])
  const verified = await verifyWhenChained(database)
  assert.deepEqual([toFaults(verified), verified.seq], [[], 120])
})

test('a leader that was taken over adds nothing any more', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database } = opened
  const lane = openTestAuditLane(t, database)
  await appendSome(database, 3)
  await until(() => lane.status().leader)
  await sql`update lanes set term = term + 1 where lane = ${lanes.audit.lane}`.execute(database.kysely)
  await appendSome(database, 3)
  const verified = await verifyWhenChained(database)
  assert.deepEqual([toFaults(verified), verified.seq], [[], 6])
})

const tampering: readonly (readonly [
  title: string,
  statements: readonly string[],
  faults: readonly string[],
])[] = [
  ['a changed row', [`update audit_log set ip = '192.0.2.9' where position = 4`], ['CHANGED 4']],
  [
    'a row moved in time',
    [`update audit_log set occurred_at = occurred_at + interval '1 us' where position = 4`],
    ['REMOVED 4', 'INSERTED'],
  ],
  ['a removed row', ['delete from audit_log where position = 4'], ['REMOVED 4']],
  [
    'a removed row and its entry',
    ['delete from audit_log where position = 4', 'delete from audit_chain where seq = 4'],
    ['ENTRY_REMOVED 4'],
  ],
  [
    'the last rows and entries cut off',
    ['delete from audit_log where position > 8', 'delete from audit_chain where seq > 8'],
    ['ENTRY_REMOVED 10'],
  ],
  [
    'the first rows and entries cut off',
    ['delete from audit_log where position < 3', 'delete from audit_chain where seq < 3'],
    ['ENTRY_REMOVED 2'],
  ],
  [
    'rows that change their times',
    [
      `update audit_log a set occurred_at = b.occurred_at from audit_log b
        where a.position in (4, 7) and b.position = 11 - a.position`,
    ],
    ['REMOVED 4', 'REMOVED 7', 'INSERTED', 'INSERTED'],
  ],
  [
    'entries that change places',
    [
      'update audit_chain set seq = -seq where seq in (4, 7)',
      'update audit_chain set seq = 11 + seq where seq < 0',
    ],
    ['CHANGED 4', 'CHANGED 5', 'CHANGED 7', 'CHANGED 8'],
  ],
  [
    'a row inserted between others',
    [
      `insert into audit_log overriding system value select 0, occurred_at, gen_random_uuid(), actor_kind, actor_id, on_behalf_of,
      action, target_kind, target_id, user_id, outcome, reason, ip, user_agent, traceparent, request_id, token_id,
      changed_fields from audit_log where position = 4`,
    ],
    ['INSERTED'],
  ],
  [
    'a changed row whose hash was made anew',
    [
      `update audit_log set ip = '192.0.2.9' where position = 4`,
      `update audit_chain set hash = sha256('x') where seq = 4`,
    ],
    ['CHANGED 4', 'CHANGED 5'],
  ],
]
for (const [title, statements, faults] of tampering) {
  test(`${title}: is found and named`, async (t) => {
    const opened = await openTestPostgres(t)
    if (!opened) return
    const { database } = opened
    const lane = openTestAuditLane(t, database)
    const ids = await appendSome(database, 10)
    await until(async () => (await getChainHead(database.kysely)).settled === 10)
    await lane.close()
    const before = await verifyAuditChain(database.kysely)
    assert.deepEqual(toFaults(before), [])
    await tamper(database, ...statements)
    const verified = await verifyAuditChain(database.kysely)
    assert.deepEqual(toFaults(verified), faults)
    for (const { rowId, seq } of verified.findings) {
      if (rowId && seq && !title.startsWith('entries')) assert.equal(rowId, ids[seq - 1])
    }
  })
}

test('a row with a time of long ago that was slipped in at the end is found', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database } = opened
  openTestAuditLane(t, database)
  await appendSome(database, 3)
  await verifyWhenChained(database)
  await sql`insert into audit_log (occurred_at, id, actor_kind, actor_id, action, target_kind, target_id, outcome, reason, ip,
      user_agent, traceparent, request_id, token_id, changed_fields)
    values (now() - interval '2 hours', ${randomUUID()}, 'SYSTEM', '', 'user.update', 'user', 'u', 'SUCCEEDED', '', '', '',
      '', '', '', '{}')`.execute(database.kysely)
  assert.deepEqual(toFaults(await verifyWhenChained(database)), ['BACKDATED 4'])
})

test('months whose time is over are dropped, and the chain of what is left holds from its anchors', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database } = opened
  // The lane must not drop them itself before the test does.
  const lane = openTestAuditLane(t, database, { retentionMs: 1000 * 365 * 86_400_000 })
  for (const name of ['201901', '201902']) {
    for (const table of ['audit_log', 'audit_chain']) {
      const [from, to] = [
        `${name.slice(0, 4)}-${name.slice(4)}-01 00:00:00+00`,
        `2019-0${Number(name.slice(4)) + 1}-01 00:00:00+00`,
      ]
      await sql
        .raw(`create table ${table}_${name} partition of ${table} for values from ('${from}') to ('${to}')`)
        .execute(database.kysely)
    }
  }
  const insertAt = (at: string) =>
    sql`insert into audit_log (occurred_at, id, actor_kind, actor_id, action, target_kind, target_id, outcome, reason, ip,
        user_agent, traceparent, request_id, token_id, changed_fields)
      values (${at}, ${randomUUID()}, 'SYSTEM', '', 'user.update', 'user', 'u', 'SUCCEEDED', '', '', '', '', '', '', '{}')`.execute(
      database.kysely,
    )
  // The third is of the first month and was chained behind the second month's first: the chain of what is left has a gap of one.
  for (const at of [
    '2019-01-31T23:59:58Z',
    '2019-02-01T00:00:00Z',
    '2019-01-31T23:59:59Z',
    '2019-02-01T00:00:01Z',
  ]) {
    await insertAt(at)
    await verifyWhenChained(database)
  }
  await appendSome(database, 3)
  assert.deepEqual(toFaults(await verifyWhenChained(database)), [])
  const days = (Date.now() - Date.parse('2019-02-15T00:00:00Z')) / 86_400_000
  assert.deepEqual(await dropAuditPartitions(database, days * 86_400_000), ['201901'])
  const left = await verifyAuditChain(database.kysely)
  assert.deepEqual([toFaults(left), left.entries, left.firstSeq], [[], 5, 2])
  assert.deepEqual(await dropAuditPartitions(database, 400 * 86_400_000), ['201902'])
  await appendSome(database, 1)
  const after = await verifyWhenChained(database)
  assert.deepEqual([toFaults(after), after.entries, after.seq], [[], 4, 8])
  await lane.close()
  await tamper(database, 'delete from audit_anchors')
  assert.deepEqual(toFaults(await verifyAuditChain(database.kysely)), ['ENTRY_REMOVED 4'])
})

test('processes that start at once make the months to come once', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { database, url } = opened
  await sql`drop table audit_log_rest, audit_chain_rest`.execute(database.kysely)
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relname ~ '^audit_(log|chain)_[0-9]{6}$'`.execute(
    database.kysely,
  )
  assert.equal(rows.length, 8)
  for (const { name } of rows) await sql`drop table ${sql.table(name)}`.execute(database.kysely)
  await Promise.all([makeAuditPartitions(database), makeAuditPartitions(openTestPool(t, url))])
  await appendSome(database, 1)
})

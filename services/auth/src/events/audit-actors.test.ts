import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { appendAudit } from '../store/append-audit.ts'
import { testOnBoth } from '../store/outbox-testing.ts'
import { openTestAuditLane, someEntry, toFaults, verifyWhenChained } from './audit-testing.ts'

testOnBoth('rows of earlier versions keep their actor, and the chain holds', async (t, database, adapter) => {
  if (adapter === 'model') return
  const origin = { ip: '192.0.2.1', userAgent: '' }
  // What a caller without a proof was before it had a kind of its own.
  const before = {
    id: randomUUID(),
    actor: { kind: 'service', id: 'unknown', origin },
    entry: someEntry,
  } as const
  const now = { id: randomUUID(), actor: { kind: 'anonymous', origin }, entry: someEntry } as const
  await appendAudit(database.kysely, [before])
  openTestAuditLane(t, database)
  await verifyWhenChained(database)
  await appendAudit(database.kysely, [now])
  const verified = await verifyWhenChained(database)
  assert.deepEqual([toFaults(verified), verified.entries], [[], 2])
  const actors = await database.kysely
    .selectFrom('audit_log')
    .select(['actor_kind', 'actor_id'])
    .orderBy('position')
    .execute()
  assert.deepEqual(
    actors.map(({ actor_id, actor_kind }) => `${actor_kind} ${actor_id}`),
    ['SERVICE unknown', 'ANONYMOUS '],
  )
})

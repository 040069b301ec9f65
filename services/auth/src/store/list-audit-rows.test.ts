import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import type { UserId } from '../domain/ids.ts'
import { type AuditFilter, toAuditQuery } from './list-audit-rows.ts'
import { openTestPostgres } from './outbox-testing.ts'

const everything: AuditFilter = Object.freeze({
  actorKind: undefined,
  actorId: undefined,
  actions: [],
  userId: undefined,
  outcome: undefined,
  since: undefined,
  before: undefined,
})

test('every filter of the audit trail is answered by an index, and no page walks over the whole of it', async (t) => {
  const opened = await openTestPostgres(t)
  if (!opened) return
  const { kysely } = opened.database
  const rare = randomUUID() as UserId
  await sql`insert into audit_log (occurred_at, id, actor_kind, actor_id, action, target_kind, target_id, user_id, outcome,
      reason, ip, user_agent, traceparent, request_id, token_id, changed_fields)
    select now() + n * interval '1 second', gen_random_uuid(), 'SERVICE', 'svc' || n % 5, 'session.create', 'session', n::text,
      gen_random_uuid(), 'SUCCEEDED', '', '', '', '', '', '', '{}' from generate_series(1, 20000) as n`.execute(
    kysely,
  )
  await sql`insert into audit_log (id, actor_kind, actor_id, action, target_kind, target_id, user_id, outcome,
      reason, ip, user_agent, traceparent, request_id, token_id, changed_fields)
    values (${randomUUID()}, 'OPERATOR', 'mina', 'key.revoke', 'key', 'k', ${rare}, 'FAILED', '', '', '', '', '', '', '{}')`.execute(
    kysely,
  )
  await sql`analyze audit_log`.execute(kysely)
  const since = new Date(Date.now() + 10_000_000)
  const filters: readonly Partial<AuditFilter>[] = [
    {},
    { actorId: 'mina' },
    { actorKind: 'OPERATOR', actorId: 'mina' },
    { actorKind: 'ANONYMOUS' },
    { actions: ['key.revoke'] },
    { actions: ['key.revoke', 'key.plan'] },
    { userId: rare },
    { outcome: 'FAILED' },
    { since, before: new Date(since.getTime() + 60_000) },
  ]
  for (const filter of filters) {
    for (const below of [undefined, 19_000]) {
      const query = toAuditQuery(kysely, { ...everything, ...filter }, below, 51).compile()
      const { rows } = await kysely.executeQuery<Record<string, string>>({
        ...query,
        sql: `explain (analyze, timing off, costs off) ${query.sql}`,
      })
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      const walked = [...plan.matchAll(/(?:rows=|Removed by Filter: )(\d+)/g)].map(([, count]) =>
        Number(count),
      )
      assert.ok(Math.max(...walked) < 2000, `${JSON.stringify(filter)} below ${below} walks far:\n${plan}`)
    }
  }
})

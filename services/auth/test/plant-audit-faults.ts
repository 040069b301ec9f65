import pg from 'pg'

/** A row of an hour ago that nobody has chained, and a month that nobody has made. */
export async function plantAuditFaults(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const others =
      'actor_kind, actor_id, on_behalf_of, action, target_kind, target_id, user_id, outcome, reason, ip, user_agent, traceparent, request_id, token_id, changed_fields'
    await client.query(`insert into audit_log (id, occurred_at, ${others})
      select gen_random_uuid(), now() - interval '1 hour', ${others} from audit_log limit 1`)
    const { rows } = await client.query<{ name: string }>(
      `select to_char((now() at time zone 'UTC') + interval '2 months', 'YYYYMM') as name`,
    )
    for (const table of ['audit_chain', 'audit_log'])
      await client.query(`drop table ${table}_${rows[0]?.name}`)
  } finally {
    await client.end()
  }
}

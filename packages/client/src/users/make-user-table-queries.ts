/** The statements of a projection's writer. Rows come as JSON: one parameter, whatever the driver, however many rows. */
export function makeUserTableQueries(table: string) {
  const [positions, state] = [`${table}_positions`, `${table}_state`]
  return {
    lock: 'select pg_try_advisory_lock(hashtextextended($1, 0)) as held',
    unlock: 'select pg_advisory_unlock(hashtextextended($1, 0))',
    readState: `select topic_id, epoch, is_complete, list::text,
      extract(epoch from began_at)::float8 as began_at, extract(epoch from as_of)::float8 as as_of from ${state}`,
    readAsOf: `select extract(epoch from as_of)::float8 as as_of from ${state}`,
    readPositions: `select partition, next_offset::text as next, is_listed from ${positions} order by partition`,
    beginList: `insert into ${state} (topic_id, epoch, list, began_at, is_complete) values ($1, $2, 1, $3, false)
      on conflict (is_only) do update set topic_id = excluded.topic_id, epoch = excluded.epoch,
        list = ${state}.list + 1, began_at = excluded.began_at, is_complete = false`,
    clearPositions: `delete from ${positions}`,
    beginPositions: `insert into ${positions} (partition, next_offset, is_listed)
      select partition, next, false from jsonb_to_recordset($1::jsonb) as r(partition integer, next bigint)`,
    step: `update ${positions} p
      set next_offset = r.next, is_listed = r.is_listed, as_of = coalesce(r.as_of, p.as_of)
      from jsonb_to_recordset($1::jsonb)
        as r(partition integer, previous bigint, next bigint, is_listed boolean, as_of timestamptz)
      where p.partition = r.partition and p.next_offset = r.previous
        and exists (select from ${state} where list = $2)
      returning 1`,
    // Within an epoch: deleted wins, then the higher version, then what is known. As isNewer.
    put: `insert into ${table} as t
        (id, username, display_name, status, roles, subscription_tier, version, is_deleted, epoch, list)
      select r.id, r.username, r.display_name, r.status, r.roles, r.subscription_tier, r.version, r.is_deleted, r.epoch, $2
      from jsonb_to_recordset($1::jsonb) as r(id uuid, username text, display_name text, status text, roles text[],
        subscription_tier text, version bigint, is_deleted boolean, epoch text)
      on conflict (id) do update set username = excluded.username, display_name = excluded.display_name,
        status = excluded.status, roles = excluded.roles, subscription_tier = excluded.subscription_tier,
        version = excluded.version, is_deleted = excluded.is_deleted, epoch = excluded.epoch, list = excluded.list,
        written_at = now()
      where t.epoch <> excluded.epoch or (not t.is_deleted and (
        excluded.is_deleted or excluded.version > t.version
        or (excluded.version = t.version and t.status = 'UNSPECIFIED' and excluded.status <> 'UNSPECIFIED')))`,
    /** Rows that a list has named, though it says nothing new of them. */
    name: `update ${table} set list = $2 where id = any($1::uuid[]) and list <> $2`,
    // Of no epoch: should such a user be told of after all, that counts.
    sweep: `update ${table} set username = null, display_name = null, status = 'DELETED', roles = '{}',
        subscription_tier = '', is_deleted = true, epoch = '', written_at = now()
      where list <> $1 and not is_deleted`,
    advance: `update ${state} set as_of = p.as_of, is_complete = true
      from (select min(as_of) as as_of from ${positions} having bool_and(is_listed)) p
      returning extract(epoch from ${state}.as_of)::float8 as as_of`,
  } as const
}

/** The statements of a projection's writer. */
export type UserTableQueries = ReturnType<typeof makeUserTableQueries>

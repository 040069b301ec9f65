/** The statements that make a projection's tables where they are not there: users, positions on the topic, and one row about the whole. */
export function toUserTableStatements(table: string): readonly string[] {
  return [
    `create table if not exists ${table} (
  id uuid primary key,
  username text,
  display_name text,
  status text not null,
  roles text[] not null,
  subscription_tier text not null,
  version bigint not null,
  is_deleted boolean not null,
  epoch text not null,
  list bigint not null,
  written_at timestamptz not null default now()
)`,
    `create table if not exists ${table}_positions (
  partition integer primary key,
  next_offset bigint not null,
  is_listed boolean not null,
  as_of timestamptz
)`,
    `create table if not exists ${table}_state (
  is_only boolean primary key default true check (is_only),
  topic_id text not null,
  epoch text not null,
  list bigint not null,
  began_at timestamptz not null,
  is_complete boolean not null,
  as_of timestamptz
)`,
  ]
}

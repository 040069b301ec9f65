import { type Kysely, sql } from 'kysely'

/** Revocations and the lane that numbers them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const statements = [
  // Written in the revoking transaction; epoch and rseq are given later, by the lane's leader. Nothing else ever changes.
  `create table revocations (
    id uuid primary key,
    position bigint generated always as identity,
    type text not null check (type in ('TOKEN', 'SESSION', 'USER', 'KEY', 'ISSUER')),
    subject text not null,
    min_tv bigint check ((type = 'USER') = (min_tv is not null)),
    until timestamptz check ((type = 'ISSUER') = (until is not null)),
    reason text not null,
    committed_at timestamptz not null,
    expires_at timestamptz check ((type in ('KEY', 'ISSUER')) = (expires_at is null)),
    epoch text,
    rseq bigint check ((rseq is null) = (epoch is null))
  )`,
  'create index revocations_unnumbered on revocations (position) where rseq is null',
  'create unique index revocations_numbered on revocations (rseq) where rseq is not null',
  'create index revocations_expiring on revocations (expires_at) where expires_at is not null',
  // What the strict look-up reads: sessions and users have rows of their own.
  `create index revocations_tokens on revocations (subject) where type = 'TOKEN'`,
  `create index revocations_keys on revocations (subject) where type = 'KEY'`,
  `create index revocations_issuers on revocations (subject, until) where type = 'ISSUER'`,
  'insert into lanes (lane) values (1)',
]

import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { UserId } from '../domain/ids.ts'
import type { KeyPurpose } from '../domain/key-life.ts'
import { type PlatformAccountId, type TokenColumn, toTokenContext } from '../domain/platform-account.ts'
import { toKeyContext } from '../security/open-keys.ts'
import { listSealedOtherwise, replaceSealed, type SealedColumn } from '../store/sealed-values.ts'
import { toFlowContext } from './begun-flow.ts'

type Row = Readonly<Record<string, unknown>>

function toAccountContext(row: Row, id: unknown, column: TokenColumn): string {
  const account = {
    id: id as PlatformAccountId,
    userId: row.user_id as UserId,
    platform: String(row.platform),
  }
  return toTokenContext(account, column)
}

/** Everything that a master key has sealed. */
const sealedColumns: readonly SealedColumn[] = Object.freeze([
  {
    ...{ table: 'keys', key: 'id', column: 'sealed' },
    toContext: (row: Row) => toKeyContext(row.purpose as KeyPurpose, String(row.id)),
  },
  {
    ...{ table: 'platform_accounts', key: 'id', column: 'access_token' },
    toContext: (row: Row) => toAccountContext(row, row.id, 'access_token'),
  },
  {
    ...{ table: 'platform_accounts', key: 'id', column: 'refresh_token' },
    toContext: (row: Row) => toAccountContext(row, row.id, 'refresh_token'),
  },
  {
    ...{ table: 'platform_revocations', key: 'id', column: 'token' },
    toContext: (row: Row) => toAccountContext(row, row.account_id, row.token_column as TokenColumn),
  },
  {
    ...{ table: 'platform_connections', key: 'state_hash', column: 'sealed' },
    toContext: (row: Row) => toFlowContext(row.state_hash as Uint8Array),
  },
] as const satisfies readonly SealedColumn[])

/** What was done about one column. */
export interface ReencryptedColumn {
  readonly table: string
  readonly column: string
  readonly reencrypted: number
}

const batch = 100

/**
 * Seals anew, under the first master key, what another one has sealed: batch by batch, while instances serve. Stopped half-way it goes on where it was, for what
 * is done says so itself. The audit trail has it before it begins.
 * @throws SealError where no configured key opens a value; AuthError DATABASE_UNAVAILABLE.
 */
export async function reencrypt(
  deps: Pick<Deps, 'database' | 'seal' | 'write'>,
  caller: Caller,
): Promise<ReencryptedColumn[]> {
  const target = { kind: 'master_key', id: '' } as const
  await deps.write(caller.origin, async (_trx, _announce, _revoke, record) => {
    await record(caller, { action: 'key.reencrypt', target })
  })
  const done: ReencryptedColumn[] = []
  for (const at of sealedColumns) {
    const { table, column } = at
    done.push({ table, column, reencrypted: await reencryptColumn(deps, at) })
  }
  return done
}

/** A value that changed under our hands was sealed by an instance, with the first of its keys: looked at again in the next round. */
async function reencryptColumn(
  { database, seal }: Pick<Deps, 'database' | 'seal'>,
  at: SealedColumn,
): Promise<number> {
  let count = 0
  for (let changed = true; changed; ) {
    const found = await listSealedOtherwise(database.kysely, at, { prefix: seal.presentPrefix, max: batch })
    for (const value of found) {
      const replacement = seal.seal(seal.unseal(value.sealed, value.context), value.context)
      if (await replaceSealed(database.kysely, at, value, replacement)) count += 1
    }
    changed = found.length > 0
  }
  return count
}

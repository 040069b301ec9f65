import type { Deps } from '../deps.ts'
import type { Caller } from '../domain/caller.ts'
import type { UserId } from '../domain/ids.ts'
import type { KeyPurpose } from '../domain/key-life.ts'
import { type PlatformAccountId, type TokenColumn, toTokenContext } from '../domain/platform-account.ts'
import { toKeyContext } from '../security/open-keys.ts'
import { type Seal, SealError } from '../security/seal.ts'
import {
  listSealedOtherwise,
  replaceSealed,
  type SealedColumn,
  type SealedValue,
} from '../store/sealed-values.ts'
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
  /** Values that no configured key opens. */
  readonly unopened: number
  /** What the first of them are bound to. */
  readonly examples: readonly string[]
}

type ReencryptDeps = Pick<Deps, 'database' | 'seal'>

const batch = 100
const examplesMax = 10

/**
 * Seals anew, under the first master key, what another one has sealed: batch by batch, while instances serve. Stopped half-way it goes on where it was, for what
 * is done says so itself; a value that no key opens holds up no other. The audit trail has it before it begins.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function reencrypt(
  deps: ReencryptDeps & Pick<Deps, 'write'>,
  caller: Caller,
): Promise<ReencryptedColumn[]> {
  const target = { kind: 'master_key', id: '' } as const
  await deps.write(caller.origin, async (_trx, _announce, _revoke, record) => {
    await record(caller, { action: 'key.reencrypt', target })
  })
  const done: ReencryptedColumn[] = []
  for (const at of sealedColumns) {
    const { table, column } = at
    const { examples, reencrypted, unopened } = await reencryptColumn(deps, at)
    done.push({ table, column, reencrypted, unopened, examples })
  }
  return done
}

/** Round by round: a value that changed under our hands was sealed by an instance, with the first of its keys, which may be another than ours. */
async function reencryptColumn(deps: ReencryptDeps, at: SealedColumn) {
  let reencrypted = 0
  for (;;) {
    const round = await reencryptRound(deps, at)
    reencrypted += round.reencrypted
    if (round.seen === round.unopened) return { ...round, reencrypted }
  }
}

async function reencryptRound({ database: { kysely }, seal }: ReencryptDeps, at: SealedColumn) {
  const examples: string[] = []
  let [seen, reencrypted, unopened] = [0, 0, 0]
  for (let after: unknown; ; ) {
    const found = await listSealedOtherwise(kysely, at, { prefix: seal.presentPrefix, max: batch, after })
    for (const value of found) {
      const replacement = findReplacement(seal, value)
      if (replacement === undefined) {
        unopened += 1
        if (examples.length < examplesMax) examples.push(value.context)
      } else if (await replaceSealed(kysely, at, value, replacement)) reencrypted += 1
    }
    seen += found.length
    after = found.at(-1)?.key
    if (found.length < batch) return { seen, reencrypted, unopened, examples }
  }
}

function findReplacement(seal: Seal, { sealed, context }: SealedValue): Uint8Array | undefined {
  try {
    return seal.seal(seal.unseal(sealed, context), context)
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

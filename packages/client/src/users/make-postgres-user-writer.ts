import type { InboxClient } from '../events/make-postgres-inbox.ts'
import type { UserTableQueries } from './make-user-table-queries.ts'
import type { ProjectedUser } from './projected-user.ts'
import type { PartitionStep, ProjectionBatch, ProjectionState, ProjectionWriter } from './user-projection.ts'

/** What a writer is made of. */
export interface PostgresUserWriterOptions {
  /** Holds the lock of the table. */
  readonly client: InboxClient
  readonly queries: UserTableQueries
  readonly table: string
  /** The statements that make the tables, to be told where they are missing. */
  readonly statements: readonly string[]
  /** Gives the connection back, or up. */
  readonly release: (isBroken: boolean) => void
}

interface StateRow {
  readonly topic_id: string
  readonly epoch: string
  readonly list: string
  readonly is_complete: boolean
  readonly began_at: number
  readonly as_of: number | null
}

interface PositionRow {
  readonly partition: number
  readonly next: string
  readonly is_listed: boolean
}

/** PostgreSQL's code for a table that is not there. */
const undefinedTable = '42P01'

/** Makes the writer of a table on a connection that holds its lock. */
export function makePostgresUserWriter(options: PostgresUserWriterOptions): ProjectionWriter {
  const { client, queries, table } = options
  let list = '0'
  let isComplete = false
  let isBroken = false

  const query = async <Row>(text: string, values?: unknown[]): Promise<readonly Row[]> =>
    (await client.query(text, values)).rows as readonly Row[]

  async function transact<T>(work: () => Promise<T>): Promise<T> {
    try {
      await client.query('begin')
      const result = await work()
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => {
        isBroken = true
      })
      throw toMissingTableError(error, options)
    }
  }

  async function load(): Promise<ProjectionState | undefined> {
    const [row] = await query<StateRow>(queries.readState)
    if (row === undefined) return undefined
    list = row.list
    isComplete = row.is_complete
    return toState(row, await query<PositionRow>(queries.readPositions))
  }

  async function writeUsers(users: readonly ProjectedUser[]): Promise<void> {
    if (users.length === 0) return
    await query(queries.put, [JSON.stringify(users.map(toRow)), list])
    if (!isComplete) await query(queries.name, [users.map(({ id }) => id), list])
  }

  async function write({ steps, users }: ProjectionBatch): Promise<Date | undefined> {
    const stepped = await query(queries.step, [JSON.stringify(steps.map(toStepRow)), list])
    if (stepped.length !== steps.length) throw new Error(`another process has written ${table}`)
    await writeUsers(users)
    const [advanced] = await query<{ readonly as_of: number }>(queries.advance)
    if (advanced === undefined) return undefined
    if (!isComplete) await query(queries.sweep, [list])
    return toDate(advanced.as_of)
  }

  return {
    load: () => transact(load),
    beginList: ({ topicId, epoch, beganAt, partitions }) =>
      transact(async () => {
        await query(queries.beginList, [topicId, epoch, beganAt.toISOString()])
        await query(queries.clearPositions)
        const rows = partitions.map(({ partition, next }) => ({ partition, next: String(next) }))
        await query(queries.beginPositions, [JSON.stringify(rows)])
        return (await load()) as ProjectionState
      }),
    async save(batch) {
      const asOf = await transact(() => write(batch))
      if (asOf !== undefined) isComplete = true
      return asOf
    },
    async [Symbol.asyncDispose]() {
      await client.query(queries.unlock, [table]).catch(() => {
        isBroken = true
      })
      options.release(isBroken)
    },
  }
}

function toState(row: StateRow, positions: readonly PositionRow[]): ProjectionState {
  return {
    topicId: row.topic_id,
    epoch: row.epoch,
    isComplete: row.is_complete,
    beganAt: toDate(row.began_at),
    asOf: row.as_of === null ? undefined : toDate(row.as_of),
    partitions: positions.map(({ partition, next, is_listed: isListed }) => ({
      ...{ partition, isListed },
      next: BigInt(next),
    })),
  }
}

function toRow({ displayName, isDeleted, subscriptionTier, version, ...same }: ProjectedUser) {
  const named = { display_name: displayName, is_deleted: isDeleted, subscription_tier: subscriptionTier }
  return { ...same, ...named, version: String(version) }
}

function toStepRow({ asOf, from, isListed, next, partition }: PartitionStep) {
  return { partition, previous: String(from), next: String(next), is_listed: isListed, as_of: asOf }
}

function toDate(seconds: number): Date {
  return new Date(seconds * 1000)
}

/** Says how the tables are made, where that is what is wrong. */
function toMissingTableError(
  error: unknown,
  { statements, table }: Pick<PostgresUserWriterOptions, 'statements' | 'table'>,
): unknown {
  if ((error as { readonly code?: unknown } | null)?.code !== undefinedTable) return error
  const remedy = `make the tables with \`await projection.create(pool)\`, or in a migration:\n${statements.join(';\n')};`
  return new Error(`the table ${table} of users is not there; ${remedy}`, { cause: error })
}

import { dropAuditPartitions, makeAuditPartitions } from '../store/audit-partitions.ts'
import { type ChainHead, chainRows, getChainHead } from '../store/chain-rows.ts'
import type { Database } from '../store/database.ts'
import { lanes } from '../store/lanes.ts'
import type { Leadership } from '../store/number-rows.ts'
import { type LaneOptions, type LaneRunner, type LaneStatus, openLane } from './lane-runner.ts'
import type { RunningTerm } from './lead.ts'

/** What {@link openAuditLane} needs. */
export interface AuditLaneOptions extends LaneOptions {
  /** The database as the tables' owner sees it: makes and drops their parts. */
  readonly owner: Pick<Database, 'kysely' | 'transaction'>
  /** How long rows are kept; whole months are dropped. */
  readonly retentionMs: number
  /** How often parts are looked after; an hour by default. */
  readonly everyMs?: number
}

/** How this process does on the lane. */
export interface AuditLaneStatus extends LaneStatus {
  /** Of the last entry of the chain. */
  seq?: number
}

/** Chains committed rows of the audit trail, and looks after its parts, as long as this process is the leader. */
export type AuditLane = LaneRunner<AuditLaneStatus>

const defaultEveryMs = 3_600_000
/** Nobody waits for the chain: many rows share a look. */
const debounceMs = 200

/** Starts the lane. It never throws: what goes wrong is logged and tried again. */
export function openAuditLane(options: AuditLaneOptions): AuditLane {
  const { everyMs = defaultEveryMs } = options
  let head: (ChainHead & { readonly term: number }) | undefined
  return openLane<AuditLaneStatus>(options, {
    lane: lanes.audit,
    debounceMs,
    number: async (kysely, leadership: Leadership, limit, above) => {
      const { term } = leadership
      // Of a former term it may have been continued by others.
      const known = head?.term === term ? head : { ...(await getChainHead(kysely)), term }
      const chained = await chainRows(kysely, leadership, known, limit, above)
      head = { ...chained.head, term }
      return chained
    },
    work: (_session, term, stop) => keepPartitions(options, { term, everyMs, readHead: () => head }, stop),
    observe: async (_session, status) => {
      if (head !== undefined) status.seq = head.seq
    },
  })
}

interface Keeping {
  readonly term: RunningTerm<AuditLaneStatus>
  readonly everyMs: number
  readonly readHead: () => ChainHead | undefined
}

/** Makes the months to come and drops those whose time is over. Says where the chain ends: a log kept elsewhere is what `verify` can be held against. */
async function keepPartitions(
  { owner, retentionMs, log }: AuditLaneOptions,
  { term, everyMs, readHead }: Keeping,
  stop: AbortSignal,
): Promise<void> {
  const halt = AbortSignal.any([stop, term.closing])
  while (!halt.aborted) {
    try {
      await makeAuditPartitions(owner)
      const dropped = await dropAuditPartitions(owner, retentionMs)
      if (dropped.length > 0) log.info({ months: dropped }, 'months of the audit trail are over and dropped')
    } catch (error) {
      term.complain(error, 'the parts of the audit trail cannot be looked after')
    }
    await term.clock.sleep(everyMs, halt)
    const head = readHead()
    if (head) log.info({ seq: head.seq, hash: Buffer.from(head.hash).toString('hex') }, 'audit chain ends')
  }
}

import { type Kysely, sql } from 'kysely'
import { type AuditFacts, auditFactColumns, chainBeginning, toChainHash } from './audit-facts.ts'
import { lanes } from './lanes.ts'
import type { Schema } from './schema.ts'

/**
 * What is wrong with the trail. CHANGED: the row is another than was chained, or its entry is. REMOVED: the row of an entry is gone. ENTRY_REMOVED: an
 * entry is gone, or was dropped without an anchor. INSERTED: a row without an entry among those that have one. BACKDATED: a row that was chained
 * behind others which are much younger.
 */
export type AuditFault = 'CHANGED' | 'REMOVED' | 'ENTRY_REMOVED' | 'INSERTED' | 'BACKDATED'

/** One fault, and where. */
export interface AuditFinding {
  readonly fault: AuditFault
  /** The place in the chain; undefined for a row that has none. */
  readonly seq: number | undefined
  /** The row's id; undefined where nothing tells it any more. */
  readonly rowId: string | undefined
  /** The row's time, as text. */
  readonly at: string | undefined
}

/** What {@link verifyAuditChain} found. */
export interface AuditVerification {
  readonly findings: readonly AuditFinding[]
  /** Entries that were looked at. */
  readonly entries: number
  /** Rows that wait for their entry. */
  readonly waiting: number
  /** The first entry that is kept; beyond the last where none is. */
  readonly firstSeq: number
  /** The last entry. */
  readonly seq: number
  readonly hash: Uint8Array
  /** The hashes of the entries that were asked for, where they are still there. */
  readonly known: ReadonlyMap<number, Uint8Array>
}

interface Entry extends Omit<AuditFacts, 'id' | 'position' | 'at_text'> {
  readonly seq: number
  readonly hash: Uint8Array
  readonly row_id: string
  readonly entry_at: string
  /** The row's; null where it is gone. */
  readonly id: string | null
  readonly position: number | null
  readonly at_text: string | null
}

const pageSize = 2000
/** Transactions last seconds, and clocks that are set step less. */
const backdatedMs = 600_000

/**
 * Reads the whole trail and compares it with its chain, in pages: rows that are written meanwhile are not missed and not blamed. `seqs` are entries
 * whose hashes are wanted. Says nothing of rows that whoever owns the tables has chained anew: for that, hold `hash` against one that was noted before.
 */
export async function verifyAuditChain(
  kysely: Kysely<Schema>,
  seqs: readonly number[] = [],
): Promise<AuditVerification> {
  const { ended, settled } = await readEnd(kysely)
  const anchors = await readAnchors(kysely)
  const walk = makeWalk(anchors, seqs)
  for (let after = 0; ; ) {
    const page = await readPage(kysely, after)
    for (const entry of page) walk.take(entry)
    after = page.at(-1)?.seq ?? after
    if (page.length < pageSize) break
  }
  walk.end(ended)
  const inserted = await listInserted(kysely, settled)
  const waiting = await countWaiting(kysely, settled)
  return { ...walk.result(), findings: [...walk.findings, ...inserted], waiting }
}

function makeWalk(anchors: ReadonlyMap<number, Uint8Array>, seqs: readonly number[]) {
  const findings: AuditFinding[] = []
  const known = new Map<number, Uint8Array>()
  let entries = 0
  let last: { readonly seq: number; readonly hash: Uint8Array } = { seq: 0, hash: chainBeginning }
  let youngestMs = 0
  let firstSeq: number | undefined
  const findPrevious = (seq: number) => (last.seq === seq - 1 ? last.hash : anchors.get(seq - 1))
  const missEntries = (before: number) => {
    // What was dropped at the beginning, or in between, has left an anchor at its end.
    if (last.seq < before - 1 && !anchors.has(before - 1)) {
      findings.push({ fault: 'ENTRY_REMOVED', seq: before - 1, rowId: undefined, at: undefined })
    }
  }
  const take = (entry: Entry) => {
    const { entry_at: at, hash, row_id: rowId, seq } = entry
    missEntries(seq)
    const blame = (fault: AuditFault) => findings.push({ fault, seq, rowId, at })
    const previous = findPrevious(seq)
    const { id, position, at_text } = entry
    if (id === null || position === null || at_text === null) blame('REMOVED')
    else if (previous && !isEqual(toChainHash(previous, { ...entry, id, position, at_text }), hash)) {
      blame('CHANGED')
    }
    const atMs = Date.parse(at)
    if (atMs < youngestMs - backdatedMs) blame('BACKDATED')
    youngestMs = Math.max(youngestMs, atMs)
    if (seqs.includes(seq)) known.set(seq, hash)
    entries += 1
    firstSeq ??= seq
    last = { seq, hash }
  }
  const end = (seq: number) => {
    const [newest] = [...anchors.keys()].sort((a, b) => b - a)
    if (newest !== undefined && newest > last.seq) {
      last = { seq: newest, hash: anchors.get(newest) ?? chainBeginning }
    }
    if (last.seq < seq) findings.push({ fault: 'ENTRY_REMOVED', seq, rowId: undefined, at: undefined })
  }
  for (const seq of seqs) if (anchors.has(seq)) known.set(seq, anchors.get(seq) ?? chainBeginning)
  return {
    findings,
    take,
    end,
    result: () => ({ entries, known, firstSeq: firstSeq ?? last.seq + 1, ...last }),
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** The chain's end as its leader knows it; read first, so that what comes meanwhile is beyond it. */
async function readEnd(
  kysely: Kysely<Schema>,
): Promise<{ readonly ended: number; readonly settled: number }> {
  const { rows } = await sql<{ ended: number; settled: number }>`
    select last_pub_seq as ended, published_up_to as settled from lanes where lane = ${lanes.audit.lane}`.execute(
    kysely,
  )
  return rows[0] ?? { ended: 0, settled: 0 }
}

async function readAnchors(kysely: Kysely<Schema>): Promise<Map<number, Uint8Array>> {
  const rows = await kysely.selectFrom('audit_anchors').select(['seq', 'hash']).execute()
  return new Map(rows.map(({ hash, seq }) => [seq, hash]))
}

async function readPage(kysely: Kysely<Schema>, after: number): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select c.seq, c.hash, c.row_id, to_char(c.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as entry_at,
      ${auditFactColumns}
    from (select * from audit_chain where seq > ${after}::bigint order by seq limit ${pageSize}::bigint) c
    left join audit_log l on l.position = c.position and l.occurred_at = c.occurred_at
    order by c.seq`.execute(kysely)
  return rows
}

/** Rows up to the settled position have all had their entries: one without came later. */
async function listInserted(kysely: Kysely<Schema>, settled: number): Promise<AuditFinding[]> {
  const { rows } = await sql<{ rowId: string; at: string }>`
    select l.id as "rowId", to_char(l.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
    from audit_log l
    where l.position <= ${settled}::bigint and not exists (
      select from audit_chain c where c.position = l.position and c.occurred_at = l.occurred_at)
    order by l.position limit 1000`.execute(kysely)
  return rows.map((row) => ({ fault: 'INSERTED', seq: undefined, ...row }))
}

async function countWaiting(kysely: Kysely<Schema>, settled: number): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*) as waiting from audit_log l
    where l.position > ${settled}::bigint and not exists (
      select from audit_chain c where c.position = l.position and c.occurred_at = l.occurred_at)`.execute(
    kysely,
  )
  return rows[0]?.waiting ?? 0
}

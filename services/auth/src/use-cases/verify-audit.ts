import type { Deps } from '../deps.ts'
import { type AuditFinding, verifyAuditChain } from '../store/verify-audit-chain.ts'

/** An end of the chain that was noted before, outside the database. */
export interface NotedEnd {
  readonly seq: number
  /** In hex. */
  readonly hash: string
}

/** What is known of the audit trail. */
export interface AuditVerdict {
  readonly findings: readonly AuditFinding[]
  readonly entries: number
  readonly waiting: number
  /** The end of the chain: note it elsewhere. */
  readonly end: NotedEnd
  /** The noted end that the chain does not have any more: it was rewritten, or cut off. */
  readonly missed: NotedEnd | undefined
}

/**
 * Compares the audit trail with its chain, and the chain with an end that was noted before. One that was dropped with its month since cannot be
 * compared and is no fault.
 * @throws AuthError DATABASE_UNAVAILABLE.
 */
export async function verifyAudit(
  { database }: Pick<Deps, 'database'>,
  noted: NotedEnd | undefined,
): Promise<AuditVerdict> {
  const { entries, findings, firstSeq, hash, known, seq, waiting } = await verifyAuditChain(
    database.kysely,
    noted ? [noted.seq] : [],
  )
  const found = noted && known.get(noted.seq)
  const isDropped = noted !== undefined && found === undefined && noted.seq < firstSeq
  const holds = noted === undefined || isDropped || (found && toHex(found) === noted.hash.toLowerCase())
  return { findings, entries, waiting, end: { seq, hash: toHex(hash) }, missed: holds ? undefined : noted }
}

function toHex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex')
}

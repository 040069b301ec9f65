import type { CommittedRevocation } from './committed.ts'
import type { EventViolation } from './event-violation.ts'
import type { TopicRecord } from './topic-record.ts'

/** What the topic of revocations was found to be. */
export interface HeartbeatsVerdict {
  readonly violations: readonly EventViolation[]
  readonly heartbeats: number
  readonly repetitions: number
}

interface Heartbeat {
  readonly epoch: string
  readonly term: string
  readonly rseqHi: string
  readonly asOf: string
}

/** Two clocks are read one after the other, and tell whole milliseconds. */
const toleranceMs = 1

/**
 * Compares the topic of revocations, in the order of offsets, with the committed entries: each is there (O2), nothing else is (O3), first records
 * in the order of their numbers (O4), and what a heartbeat says is true (O8): everything numbered up to `rseqHi`, and everything that a caller
 * was told of before `asOf`, stands before it. A heartbeat of an older term than one before it is not believed (O9). Pure.
 */
export function judgeHeartbeats(
  revocations: readonly CommittedRevocation[],
  records: readonly TopicRecord[],
  revokedAtMs: ReadonlyMap<string, number>,
): HeartbeatsVerdict {
  const violations: EventViolation[] = []
  const violate = (property: EventViolation['property'], told: string, atMs: number | undefined) =>
    violations.push({ property, told, atMs })
  const committed = new Map(revocations.map((revocation) => [revocation.id, revocation]))
  const missing = new Map(committed)
  let [term, last, heartbeats, repetitions] = [0, 0, 0, 0]
  for (const { key, headers, value, offset, appendedAtMs } of records) {
    if (key === 'heartbeat') {
      heartbeats += 1
      const heartbeat = JSON.parse(value) as Heartbeat
      if (Number(heartbeat.term) < term) continue
      term = Number(heartbeat.term)
      const untold = findUntold(heartbeat, missing.values(), revokedAtMs)
      if (untold)
        violate(
          'O8',
          `the heartbeat at offset ${offset} stands before ${untold.id}, of which it speaks`,
          appendedAtMs,
        )
      continue
    }
    const id = headers.ce_id ?? ''
    const revocation = committed.get(id)
    if (revocation === undefined) violate('O3', `phantom: revocation ${id} was never committed`, appendedAtMs)
    else if (!missing.delete(id)) repetitions += 1
    else {
      const { rseq, subject } = JSON.parse(value) as { rseq: string; subject: string }
      if (Number(rseq) !== revocation.number || subject !== revocation.subject || key !== subject)
        violate(
          'O3',
          `changed: revocation ${id} has number ${revocation.number}, and ${rseq} at offset ${offset}`,
          appendedAtMs,
        )
      if (revocation.number !== last + 1)
        violate(
          'O4',
          `out of order: revocation ${revocation.number} at offset ${offset} stands behind ${last}`,
          appendedAtMs,
        )
      last = revocation.number ?? last
    }
  }
  for (const { id, number, committedAt } of missing.values())
    violate('O2', `lost: revocation ${id}, number ${number}, is not on its topic`, committedAt.getTime())
  return { violations, heartbeats, repetitions }
}

/** An entry that has not come yet although the heartbeat says that it has. */
function findUntold(
  { epoch, rseqHi, asOf }: Heartbeat,
  missing: Iterable<CommittedRevocation>,
  revokedAtMs: ReadonlyMap<string, number>,
): CommittedRevocation | undefined {
  const asOfMs = Date.parse(asOf)
  for (const revocation of missing) {
    const toldAtMs = revokedAtMs.get(revocation.id) ?? Number.POSITIVE_INFINITY
    const isNumbered = revocation.epoch === epoch && (revocation.number ?? Infinity) <= Number(rseqHi)
    if (isNumbered || toldAtMs + toleranceMs < asOfMs) return revocation
  }
  return undefined
}

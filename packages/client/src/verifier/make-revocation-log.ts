import { isCount, isRevocationEntry } from './is-revocation-entry.ts'
import type { Freshness } from './make-freshness.ts'
import type { RevocationView } from './make-revocation-view.ts'
import {
  type Heartbeat,
  type LogDoubt,
  type Revocation,
  RevocationDoubt,
  type RevocationEntry,
  type RevocationStatus,
  type SnapshotPart,
} from './revocation.ts'

/** What a log is kept in. */
export interface RevocationLogParts {
  readonly freshness: Freshness
  readonly makeView: () => RevocationView
  /** Told of every entry that is heard, before it is in the view; repetitions included. Must not throw. */
  readonly onEntry?: ((entry: RevocationEntry) => void) | undefined
}

/** The protocol of one follower without its I/O: which record may come next, and when the view is complete. */
export interface RevocationLog {
  /** Begins to read everything anew: the stream begins after `rseqHi`, then the snapshot is taken. */
  begin(status: Pick<RevocationStatus, 'epoch' | 'rseqHi'>): void
  /** Throws RevocationDoubt where following is no longer safe. */
  addSnapshot(part: SnapshotPart): void
  /** Takes the stream's next record; whether it was a heartbeat that counts. Throws RevocationDoubt where following is not safe. */
  take(record: Revocation | Heartbeat): boolean
  /** Of the database whose revocations the view holds. */
  readonly epoch: string | undefined
  /** All up to here has come by the stream, or stood in the snapshot. */
  readonly rseq: number
  readonly isComplete: boolean
  /** Whether this view was complete at some time, whatever has been doubted since. */
  readonly hasBeenComplete: boolean
  readonly view: RevocationView
}

/** How many epochs that were left are remembered: their late records are no news. */
const leftEpochs = 8

/** Makes a log that has read nothing. */
export function makeRevocationLog(parts: RevocationLogParts): RevocationLog {
  return new Log(parts)
}

class Log implements RevocationLog {
  readonly #parts: RevocationLogParts
  readonly #left: string[] = []
  #startRseq = 0
  epoch: string | undefined
  rseq = 0
  isComplete = false
  hasBeenComplete = false
  view: RevocationView

  constructor(parts: RevocationLogParts) {
    this.#parts = parts
    this.view = parts.makeView()
  }

  begin({ epoch, rseqHi }: Pick<RevocationStatus, 'epoch' | 'rseqHi'>): void {
    // What a lost epoch revoked may never have been: R begins anew, and what was issued before is revoked by the new epoch (§1.10).
    if (epoch !== this.epoch) {
      if (this.epoch !== undefined) this.#left.push(this.epoch)
      if (this.#left.length > leftEpochs) this.#left.shift()
      this.view = this.#parts.makeView()
      this.hasBeenComplete = false
    }
    this.epoch = epoch
    this.rseq = rseqHi
    this.#startRseq = rseqHi
    this.isComplete = false
  }

  addSnapshot(part: SnapshotPart): void {
    if (part.kind === 'entries') {
      for (const entry of part.entries) this.#add(entry)
      return
    }
    if (part.epoch !== this.epoch) refuse('EPOCH_CHANGED', 'the snapshot is of another epoch')
    // Between a snapshot from before the subscription and the subscription's begin, something may lie.
    if (!(part.rseq >= this.#startRseq)) refuse('GAP', 'the snapshot is older than the subscription')
    this.isComplete = true
    this.hasBeenComplete = true
    this.#parts.freshness.complete(part.epoch)
  }

  take(record: Revocation | Heartbeat): boolean {
    if (record.epoch !== this.epoch) {
      if (this.#left.includes(record.epoch)) return false
      refuse('EPOCH_CHANGED', 'a record is of another epoch')
    }
    if (record.kind === 'heartbeat') return this.#takeHeartbeat(record)
    if (!isCount(record.rseq)) refuse('UNREADABLE_RECORD', 'a record has no rseq')
    if (record.rseq > this.rseq + 1) refuse('GAP', `rseq ${record.rseq} after ${this.rseq}`)
    this.#add(record)
    this.rseq = Math.max(this.rseq, record.rseq)
    return false
  }

  #takeHeartbeat(heartbeat: Heartbeat): boolean {
    const { freshness } = this.#parts
    const { term, rseqHi, asOf } = heartbeat
    if (!isCount(term) || !isCount(rseqHi) || !(asOf.getTime() >= 0)) {
      refuse('UNREADABLE_RECORD', 'a heartbeat is not readable')
    }
    // A leader that was deposed and woke late knows nothing of what others wrote meanwhile.
    if (term < (freshness.term ?? 0)) return false
    if (rseqHi > this.rseq) refuse('GAP', `rseq ${rseqHi} is announced, ${this.rseq} was read`)
    if (!this.isComplete) return false
    freshness.beat(heartbeat)
    // Only a time that the measurement agrees with may make anything go.
    if (freshness.read().state === 'FRESH') this.view.expire(asOf.getTime() / 1000)
    return true
  }

  #add(entry: unknown): void {
    if (!isRevocationEntry(entry)) refuse('UNREADABLE_RECORD', 'a revocation is not readable')
    this.#parts.onEntry?.(entry)
    if (!this.view.add(entry)) refuse('MEMORY_LIMIT', 'there are more revocations than the limit allows')
  }
}

function refuse(doubt: LogDoubt, message: string): never {
  throw new RevocationDoubt(doubt, message)
}

import type { Violation } from '../record/records.ts'
import type { VirtualTime } from '../time/virtual-time.ts'

/** A change that a caller asked for. */
export interface WriteRecord {
  readonly id: number
  readonly kind: string
  readonly userId: string
  /** The user's version that it made, where it changed one. */
  version: number | undefined
  /** Entries of revocations that it wrote, by their ids. */
  revoked: readonly string[]
  /** When its caller heard that it was done, by the database's clock in Unix milliseconds; undefined where nobody did. */
  acknowledgedAt: number | undefined
  /** Whether its caller heard that nothing has changed. */
  isUndone: boolean
}

/** A time in which the broker refuses a key. */
export interface Refusal {
  readonly key: string
  readonly fromMs: number
  readonly untilMs: number
}

const traceMax = 400

/** All that has happened in a world of events. */
export class EventHistory {
  readonly time: VirtualTime
  readonly writes: WriteRecord[] = []
  readonly violations: Violation[] = []
  readonly refusals: Refusal[] = []
  /** When faults have struck, and when each was over. */
  readonly faults: { readonly fromMs: number; readonly untilMs: number; readonly isRefusal: boolean }[] = []
  /** How many commits the promotions so far have lost. */
  lostCommits = 0
  readonly trace: string[] = []
  isTracing = false

  constructor(time: VirtualTime) {
    this.time = time
  }

  /** Notes that something must not be. */
  violate(property: string, text: string): void {
    this.violations.push({ property, text, atMs: this.time.nowMs })
    this.note(() => `VIOLATION ${property}: ${text}`)
  }

  /** Notes an event for a reader of the trace. */
  note(text: () => string): void {
    if (!this.isTracing) return
    this.trace.push(`${this.time.nowMs.toFixed(1).padStart(9)} ms  ${text()}`)
    if (this.trace.length > traceMax) this.trace.shift()
  }

  begin(kind: string, userId: string, process: string): WriteRecord {
    const id = this.writes.length + 1
    const write: WriteRecord = {
      id,
      kind,
      userId,
      version: undefined,
      revoked: [],
      acknowledgedAt: undefined,
      isUndone: false,
    }
    this.writes.push(write)
    this.note(() => `#${id} ${kind} of ${userId.slice(-4)} begins in ${process}`)
    return write
  }
}

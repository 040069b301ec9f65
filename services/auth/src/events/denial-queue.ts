import type { AuditActor, AuditEntry } from '../domain/audit.ts'
import type { Clock } from '../domain/clock.ts'
import { type AuditRecord, appendAudit } from '../store/append-audit.ts'
import type { Database } from '../store/database.ts'
import { makeComplain } from './complain.ts'
import type { EventsLog } from './log.ts'

/** What {@link openDenialQueue} needs. */
export interface DenialQueueOptions {
  readonly database: Pick<Database, 'kysely'>
  readonly clock: Clock
  readonly log: EventsLog
  /** Makes the id of a row: a UUIDv7. */
  readonly newId: () => string
  /** Denials that wait at most; 10,000 by default. */
  readonly waitingMax?: number
}

/** Takes what was refused to the audit trail, behind the answers: a call never waits for it, and a flood of refusals does not flood the database. */
export interface DenialQueue {
  /** Puts a denial on its way; where too many wait, it is counted and left out. */
  add(actor: AuditActor, entry: AuditEntry): void
  /** How many were left out since the start. */
  readonly dropped: number
  /** Writes what waits, if the database takes it within two seconds. */
  close(): Promise<void>
}

const batchSize = 500
/** Refusals within this time share a statement. */
const gatherMs = 100
const retryMs = 1000
const closeGraceMs = 2000

/** Opens the queue. It never throws: what goes wrong is logged and tried again. */
export function openDenialQueue(options: DenialQueueOptions): DenialQueue {
  return new OpenQueue(options)
}

class OpenQueue implements DenialQueue {
  readonly #options: DenialQueueOptions
  readonly #complain: ReturnType<typeof makeComplain>
  readonly #closing = new AbortController()
  #waiting: AuditRecord[] = []
  #running: Promise<void> | undefined
  #dropped = 0

  constructor(options: DenialQueueOptions) {
    this.#options = options
    this.#complain = makeComplain(options.log, options.clock)
  }

  get dropped(): number {
    return this.#dropped
  }

  add(actor: AuditActor, entry: AuditEntry): void {
    const { newId, waitingMax = 10_000 } = this.#options
    if (this.#waiting.length >= waitingMax || this.#closing.signal.aborted) {
      this.#dropped += 1
      this.#complain(new Error('too many wait'), 'denials are left out of the audit trail')
      return
    }
    this.#waiting.push({ id: newId(), actor, entry })
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const inTime = new AbortController()
    const late = this.#options.clock.sleep(closeGraceMs, inTime.signal)
    await Promise.race([this.#running, late])
    inTime.abort()
    await late
    if (this.#waiting.length === 0) return
    const facts = { count: this.#waiting.length }
    this.#options.log.warn(facts, 'denials are left out of the audit trail: the service stops')
  }

  /** Until nothing waits; when the service closes, once without waiting for more. */
  async #run(): Promise<void> {
    const { clock, database } = this.#options
    const { signal } = this.#closing
    while (this.#waiting.length > 0) {
      await clock.sleep(gatherMs, signal)
      const batch = this.#waiting.slice(0, batchSize)
      try {
        await appendAudit(database.kysely, batch)
        this.#waiting.splice(0, batch.length)
      } catch (error) {
        this.#complain(error, 'denials cannot be written to the audit trail')
        if (signal.aborted) break
        await clock.sleep(retryMs, signal)
      }
    }
    this.#running = undefined
  }
}

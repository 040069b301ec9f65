import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Stretch } from './make-fault-times.ts'
import { type ForeignTransaction, openForeignTransaction } from './open-foreign-transaction.ts'

/** A write transaction of somebody else that is open once in a run, for a long time. */
export interface LongTransaction {
  readonly isOpen: boolean
  /** It ended before its time. */
  readonly wasBroken: boolean
  /** When it was open. */
  readonly stretch: Stretch | undefined
  /** Opens it the first time, closes it once its time is over. */
  step(): Promise<void>
  /** Waits until its time is over, or `signal` aborts, and closes it. */
  end(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Makes one of `lastsMs`; none where that is zero. */
export function makeLongTransaction(lastsMs: number, makeClient: () => pg.Client): LongTransaction {
  let transaction: ForeignTransaction | undefined
  let fromMs: number | undefined
  let toMs: number | undefined
  let wasBroken = false
  const close = async () => {
    if (transaction === undefined) return
    wasBroken = !transaction.isOpen
    toMs = Date.now()
    await transaction.close()
    transaction = undefined
  }
  const leftMs = () => (fromMs ?? 0) + lastsMs - Date.now()
  return {
    get isOpen() {
      return transaction !== undefined
    },
    get wasBroken() {
      return wasBroken
    },
    get stretch() {
      return fromMs === undefined || toMs === undefined ? undefined : { fromMs, toMs }
    },
    async step() {
      if (fromMs === undefined && lastsMs > 0) {
        transaction = await openForeignTransaction(makeClient())
        fromMs = Date.now()
      } else if (leftMs() <= 0) await close()
    },
    async end(signal) {
      if (transaction !== undefined)
        await sleep(Math.max(0, leftMs()), undefined, { signal }).catch(() => undefined)
      await close()
    },
    close,
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultContext, FaultKind } from './fault.ts'
import { type PlannedFault, planFault } from './plan-fault.ts'

/** How many and which. */
export interface FaultRun extends FaultContext {
  readonly count: number
  /** Only those whose kind and target hold this text. */
  readonly only: string
  /** What can go wrong, asked before each fault; all kinds by default. */
  kinds?(): readonly FaultKind[]
  /** After so many faults all are healed and it is waited for recovery. */
  readonly restEvery: number
  /** Resolves when all serves as in health again. */
  recover(): Promise<void>
  onFault(planned: PlannedFault, n: number): void
  readonly signal: AbortSignal
}

const atOnceMax = 3

/** Lets faults happen, some at the same time, with rests in between; resolves when the last is healed and all has recovered. */
export async function runFaults(run: FaultRun): Promise<void> {
  const { world, random, history, signal } = run
  const running = new Map<string, Promise<void>>()
  const failures: unknown[] = []
  const stopEarly = new AbortController()
  const rest = async () => {
    await Promise.all(running.values())
    // A fault that could not be begun or healed is the run's own failure, not the service's.
    if (failures.length > 0) throw failures[0]
    await run.recover()
  }
  try {
    for (let n = 0; n < run.count && !signal.aborted; ) {
      const planned = planFault(world, random, new Set(running.keys()), run.only, run.kinds?.())
      if (planned === undefined || running.size >= atOnceMax) {
        await sleep(50)
        continue
      }
      history.calmSinceMs = undefined
      n += 1
      run.onFault(planned, n)
      const { target } = planned
      const ended = happen(run, planned, stopEarly.signal)
        .catch((error) => void failures.push(error))
        .finally(() => running.delete(target))
      running.set(target, ended)
      await sleep(planned.nextAfterMs, undefined, { signal }).catch(() => undefined)
      if (n % run.restEvery === 0) await rest()
    }
    if (!signal.aborted) await rest()
  } finally {
    stopEarly.abort()
    await Promise.allSettled(running.values())
  }
}

async function happen(run: FaultRun, planned: PlannedFault, stop: AbortSignal): Promise<void> {
  const { history } = run
  const { kind, target, lastsMs } = planned
  history.tally(`fault: ${kind.name}`)
  history.note('fault', { kind: kind.name, target, lastsMs })
  const heal = await kind.begin(target, run)
  try {
    await sleep(lastsMs, undefined, { signal: stop }).catch(() => undefined)
  } finally {
    await heal()
    history.note('healed', { kind: kind.name, target })
  }
}

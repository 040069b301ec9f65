import { findCrashes } from '../world/find-crashes.ts'
import { openWorld } from '../world/open-world.ts'
import type { EventViolation } from './event-violation.ts'
import { findDifference } from './find-difference.ts'
import { judgeEverything, type Verdict } from './judge-everything.ts'
import { type Happened, letHappen } from './let-happen.ts'
import { type CallerLog, makeCallerLog } from './make-caller-log.ts'
import { type FaultTimes, makeFaultTimes } from './make-fault-times.ts'
import { type Everything, readEverything } from './read-everything.ts'
import { tellFaultsAt } from './tell-faults-at.ts'

/** What a run is asked for. */
export interface EventsRun {
  readonly faults: number
  readonly seed: number
  /** Only faults whose kind and target hold this text. */
  readonly only?: string
  /** People who live at a time; default 16. */
  readonly people?: number
  /** Health before the first fault and after each rest; default 3,000. */
  readonly calmMs?: number
  /** How long a write transaction of somebody else is open, once; default 0: never. Short ones are among the faults. */
  readonly longTransactionMs?: number
  /** `lossy`: the run has to find out that events are lost and invented. */
  readonly variant?: 'good' | 'lossy'
  readonly keep?: boolean
  readonly signal: AbortSignal
  tell(line: string): void
}

/** How it went. `violations` are those of all parts, each with the faults that were near. */
export interface EventsResult extends Everything, Verdict, Happened {
  readonly log: CallerLog
  readonly times: FaultTimes
  readonly tookMs: number
}

/**
 * Lets people live at three processes of the service while faults happen, then holds against one another what stands on the topics, what the
 * database holds, and what the callers were answered. Everything is ended in any case.
 */
export async function runEvents(run: EventsRun): Promise<EventsResult> {
  const begunAtMs = performance.now()
  await using world = await openWorld({
    replicas: 3,
    verifiers: false,
    accessTtlMs: 24 * 3_600_000,
    refreshGrace: '0ms',
    brokerSettings: { 'log.message.timestamp.type': 'LogAppendTime' },
    keep: run.keep ?? false,
  })
  run.tell(`seed ${run.seed}; logs in ${world.folder}${run.keep ? '' : ' until the end'}`)
  const scene = { world, log: makeCallerLog(Date.now), times: makeFaultTimes(Date.now) }
  const happened = await letHappen(run, scene)
  const everything = await readEverything(world, run.signal).catch((error) => {
    // Where the parts did not come back there is nothing to judge; why they did not is worth more than that.
    const told = happened.violations.map((one) => one.told)
    throw new Error([...told, error].join('\n'), { cause: error })
  })
  const verdict = judgeEverything(everything, scene.log)
  const violations: EventViolation[] = [
    ...happened.violations,
    ...findCrashes(world).map((crash) => ({ ...crash, atMs: undefined })),
    ...toViolations('O11', everything.unrest),
    ...verdict.violations,
    ...toViolations('O2', await findDifference(world.environment)),
  ]
  return {
    ...everything,
    ...verdict,
    ...happened,
    ...scene,
    violations: violations.map((one) => ({
      ...one,
      told: `${one.told}; ${tellFaultsAt(scene.times, one.atMs)}`,
    })),
    tookMs: performance.now() - begunAtMs,
  }
}

function toViolations(property: EventViolation['property'], told: string | undefined): EventViolation[] {
  return told === undefined ? [] : [{ property, told, atMs: undefined }]
}

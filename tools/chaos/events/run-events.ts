import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runFaults } from '../faults/run-faults.ts'
import { makeRandom } from '../make-random.ts'
import { History } from '../verdicts/history.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { findCrashes } from '../world/find-crashes.ts'
import { openWorld } from '../world/open-world.ts'
import type { World } from '../world/world.ts'
import { awaitDrained } from './await-drained.ts'
import { type CallerLog, makeCallerLog } from './caller-log.ts'
import { eventFaults, faultsBesideDatabase } from './event-faults.ts'
import type { EventViolation } from './event-violation.ts'
import { type FaultTimes, makeFaultTimes, tellFaultsAt } from './fault-times.ts'
import { findDifference } from './find-difference.ts'
import { judgeCalls } from './judge-calls.ts'
import { judgeHeartbeats } from './judge-heartbeats.ts'
import { judgeState } from './judge-state.ts'
import { judgeTopics } from './judge-topics.ts'
import { judgeUserStates, type UserStatesVerdict } from './judge-user-states.ts'
import { live } from './live.ts'
import { makeLongTransaction } from './make-long-transaction.ts'
import { plantLosses } from './plant-losses.ts'
import { type Everything, readEverything } from './read-everything.ts'
import { toRecordedReplicas } from './to-recorded-replicas.ts'
import { withClient } from './with-client.ts'

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

/** How it went. */
export interface EventsResult extends Everything {
  readonly violations: readonly EventViolation[]
  readonly log: CallerLog
  readonly times: FaultTimes
  /** How often each fault happened. */
  readonly tallies: ReadonlyMap<string, number>
  readonly firsts: ReturnType<typeof judgeTopics>['firsts']
  readonly repetitions: number
  readonly heartbeats: number
  readonly repeatedRevocations: number
  readonly states: UserStatesVerdict | undefined
  /** From the last heal until all that had been committed was published. */
  readonly drainsMs: readonly number[]
  /** When the long transaction was open. */
  readonly longTransaction: { readonly fromMs: number; readonly toMs: number } | undefined
  readonly tookMs: number
}

const restEvery = 20
const source = 'http://localhost:8080'

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
  const log = makeCallerLog(Date.now)
  const times = makeFaultTimes(Date.now)
  const violations: EventViolation[] = []
  const { tallies, drainsMs, longTransaction } = await letHappen(run, world, log, times, violations)
  for (const crash of findCrashes(world)) violations.push({ ...crash, atMs: undefined })
  const everything = await readEverything(world, run.signal)
  const { committed, events, revocations, userStates } = everything
  const topics = judgeTopics(committed.events, events, source)
  const heartbeats = judgeHeartbeats(committed.revocations, revocations, log.revokedAtMs)
  violations.push(...topics.violations, ...heartbeats.violations)
  const states = userStates && judgeUserStates(committed, userStates, log.operations)
  violations.push(
    ...(states?.violations ?? []),
    ...judgeState(committed),
    ...judgeCalls(log.operations, committed.events),
  )
  const difference = await findDifference(world.environment)
  if (difference !== undefined)
    violations.push({ property: 'O2', told: `authctl events reconcile: ${difference}`, atMs: undefined })
  return {
    ...everything,
    violations: violations.map((one) => ({ ...one, told: `${one.told}; ${tellFaultsAt(times, one.atMs)}` })),
    log,
    times,
    tallies,
    firsts: topics.firsts,
    repetitions: topics.repetitions,
    heartbeats: heartbeats.heartbeats,
    repeatedRevocations: heartbeats.repetitions,
    states,
    drainsMs,
    longTransaction,
    tookMs: performance.now() - begunAtMs,
  }
}

/** The load and the faults; ends when all has recovered, nobody calls any more and everything is published. */
async function letHappen(
  run: EventsRun,
  world: World,
  log: CallerLog,
  times: FaultTimes,
  violations: EventViolation[],
) {
  const { signal, faults: count, only = '', calmMs = 3_000 } = run
  // Apart, so that the faults do not depend on how much the people got done.
  const [history, random, peopleRandom] = [new History(), makeRandom(run.seed), makeRandom(run.seed + 1)]
  const recordedWorld = { ...world, replicas: toRecordedReplicas(world.replicas, log) }
  const long = makeLongTransaction(
    run.longTransactionMs ?? 0,
    () => new pg.Client({ connectionString: world.postgres.url }),
  )
  const drainsMs: number[] = []
  let happened = 0
  const recover = async () => {
    const healedAt = new Date()
    await awaitRecovery(recordedWorld, signal)
    await awaitDrained(world.postgres.url, healedAt, signal)
    drainsMs.push(Date.now() - healedAt.getTime())
    if (happened >= count / 3) await long.step()
    times.recovered()
    await sleep(calmMs, undefined, { signal }).catch(() => undefined)
  }
  await awaitRecovery(recordedWorld, signal)
  if (run.variant === 'lossy') await withClient(world.postgres.url, plantLosses)
  const stop = new AbortController()
  const living = liveOn({ ...run, world, log, random: peopleRandom, stop: stop.signal })
  living.catch((error) => violate(`the load broke off: ${error}`))
  try {
    await recover()
    drainsMs.pop()
    const onFault: Parameters<typeof runFaults>[0]['onFault'] = ({ kind, target, lastsMs }, n) => {
      happened = n
      const told = `${kind.name}: ${target}`
      times.begin(told, lastsMs)
      run.tell(`${(history.nowMs() / 1000).toFixed(1).padStart(7)} s  ${n}/${count}  ${told}`)
    }
    const kinds = () => (long.isOpen ? faultsBesideDatabase : eventFaults)
    await runFaults({ world, history, random, count, only, kinds, restEvery, recover, onFault, signal })
    await long.end(signal)
  } catch (error) {
    violate(String(error))
  } finally {
    times.end()
    stop.abort()
    await living.catch(() => undefined)
    await long.close()
  }
  if (long.wasBroken) violate('the long transaction was not open all the time')
  return { tallies: history.tallies, drainsMs, longTransaction: long.stretch }

  function violate(told: string): void {
    violations.push({ property: 'recovery', told, atMs: Date.now() })
  }
}

async function liveOn({
  world: { replicas },
  log,
  random,
  stop: signal,
  people = 16,
}: Pick<EventsRun, 'people'> & {
  readonly world: World
  readonly log: CallerLog
  readonly random: ReturnType<typeof makeRandom>
  readonly stop: AbortSignal
}): Promise<void> {
  const around = { replicas, log, random, signal, pauseMs: 300 }
  const one = async () => {
    while (!signal.aborted) await live(around)
  }
  await Promise.all(Array.from({ length: people }, one))
}

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runFaults } from '../faults/run-faults.ts'
import { makeRandom } from '../make-random.ts'
import { History } from '../verdicts/history.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import type { World } from '../world/world.ts'
import { awaitDrained } from './await-drained.ts'
import { eventFaults, faultsBesideDatabase } from './event-faults.ts'
import type { EventViolation } from './event-violation.ts'
import { live } from './live.ts'
import type { CallerLog } from './make-caller-log.ts'
import type { FaultTimes, Stretch } from './make-fault-times.ts'
import { makeLongTransaction } from './make-long-transaction.ts'
import { plantLosses } from './plant-losses.ts'
import type { EventsRun } from './run-events.ts'
import { toRecordedReplicas } from './to-recorded-replicas.ts'
import { withClient } from './with-client.ts'

/** What happened. */
export interface Happened {
  /** How often each fault happened. */
  readonly tallies: ReadonlyMap<string, number>
  /** From the last heal until all that had been committed was published. */
  readonly drainsMs: readonly number[]
  /** When the long transaction was open. */
  readonly longTransaction: Stretch | undefined
  /** What did not recover. */
  readonly violations: readonly EventViolation[]
}

/** Where and how it is written down. */
export interface Scene {
  readonly world: World
  readonly log: CallerLog
  readonly times: FaultTimes
}

const restEvery = 20

/** The load and the faults; ends when all has recovered, nobody calls any more and everything is published. */
export async function letHappen(run: EventsRun, scene: Scene): Promise<Happened> {
  const { signal, faults: count, only = '' } = run
  const { world, times } = scene
  // Apart, so that the faults do not depend on how much the people got done.
  const [history, random, peopleRandom] = [new History(), makeRandom(run.seed), makeRandom(run.seed + 1)]
  const violations: EventViolation[] = []
  const violate = (told: string) => violations.push({ property: 'recovery', told, atMs: Date.now() })
  const long = makeLongTransaction(
    run.longTransactionMs ?? 0,
    () => new pg.Client({ connectionString: world.postgres.url }),
  )
  const drainsMs: number[] = []
  const { recover, recoverQuietly } = makeRecover(run, scene, drainsMs)
  await recoverQuietly()
  if (run.variant === 'lossy') await withClient(world.postgres.url, plantLosses)
  const stop = new AbortController()
  const living = liveOn(run.people ?? 16, scene, peopleRandom, stop.signal)
  living.catch((error) => violate(`the load broke off: ${error}`))
  try {
    await recover()
    drainsMs.pop()
    const onFault: Parameters<typeof runFaults>[0]['onFault'] = ({ kind, target, lastsMs }, n) => {
      const told = `${kind.name}: ${target}`
      times.begin(told, lastsMs)
      run.tell(`${(history.nowMs() / 1000).toFixed(1).padStart(7)} s  ${n}/${count}  ${told}`)
    }
    const kinds = () => (long.isOpen ? faultsBesideDatabase : eventFaults)
    const rest = async () => {
      if (times.faults.length >= count / 3) await long.step()
      await recover()
    }
    await runFaults({ world, history, random, count, only, kinds, restEvery, recover: rest, onFault, signal })
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
  return { tallies: history.tallies, drainsMs, longTransaction: long.stretch, violations }
}

function makeRecover(
  { signal, calmMs = 3_000 }: EventsRun,
  { world, log, times }: Scene,
  drainsMs: number[],
) {
  const recordedWorld = { ...world, replicas: toRecordedReplicas(world.replicas, log) }
  const recoverQuietly = () => awaitRecovery(recordedWorld, signal)
  const recover = async () => {
    const healedAt = new Date()
    await recoverQuietly()
    await awaitDrained(world.postgres.url, healedAt, signal)
    drainsMs.push(Date.now() - healedAt.getTime())
    times.recovered()
    await sleep(calmMs, undefined, { signal }).catch(() => undefined)
  }
  return { recover, recoverQuietly }
}

async function liveOn(
  people: number,
  { world: { replicas }, log }: Scene,
  random: ReturnType<typeof makeRandom>,
  signal: AbortSignal,
): Promise<void> {
  const around = { replicas, log, random, signal, pauseMs: 300 }
  const one = async () => {
    while (!signal.aborted) await live(around)
  }
  await Promise.all(Array.from({ length: people }, one))
}

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { judgeTopics } from '../events/judge-topics.ts'
import { readEverything } from '../events/read-everything.ts'
import { makeRandom } from '../make-random.ts'
import type { Violation } from '../verdicts/judge-probe.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { findCrashes } from '../world/find-crashes.ts'
import { openWorld } from '../world/open-world.ts'
import { openLoginLoad } from './open-login-load.ts'
import { quantile } from './quantile.ts'
import { type Backlog, readBacklog } from './read-backlog.ts'
import { toRates } from './to-rates.ts'

/** What a run is asked for. */
export interface BrokerDownRun {
  /** How long the broker is away at a time. It is up for as long before and after, half each. */
  readonly downMs: number
  /** How often it goes away. */
  readonly rounds: number
  /** Load before anything is measured; default 10,000. */
  readonly warmUpMs?: number
  /** Logins under way at a time; default 8. */
  readonly inFlight?: number
  readonly seed: number
  readonly keep?: boolean
  readonly signal: AbortSignal
  tell(line: string): void
}

/** How the broker's return was lived through, under the same load. */
export interface Drain {
  /** Events that waited when the broker was back. */
  readonly backlog: number
  readonly tookMs: number
  /** Events a second that came in meanwhile, and that were published. */
  readonly inflow: number
  readonly outflow: number
}

/** How it went. */
export interface BrokerDownResult {
  /** How long logins took, in milliseconds, sorted. */
  readonly upMs: readonly number[]
  readonly downMs: readonly number[]
  readonly drains: readonly Drain[]
  readonly events: number
  readonly repetitions: number
  readonly violations: readonly Violation[]
}

const lookEveryMs = 100
/** So little is what is always on its way. */
const drainedBelow = 200
const drainLimitMs = 600_000

/** Logs people in all the time while the broker is up, away, up again; then holds the topics against the database (O2–O7, O9). */
export async function runBrokerDown(run: BrokerDownRun): Promise<BrokerDownResult> {
  const { signal, tell } = run
  await using world = await openWorld({ verifiers: false, keep: run.keep ?? false })
  await awaitRecovery(world, signal)
  const { kafka, postgres, replicas } = world
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  const load = await openLoginLoad(replicas, makeRandom(run.seed), run.inFlight ?? 8)
  const [upMs, downMs, drains]: [number[], number[], Drain[]] = [[], [], []]
  const measure = async (what: string, into: number[], lastsMs: number) => {
    load.takeLatencies()
    await sleep(lastsMs, undefined, { signal }).catch(() => undefined)
    const latenciesMs = load.takeLatencies()
    tell(
      `${what}: ${latenciesMs.length} logins, p99 ${quantile(latenciesMs.toSorted(ascending), 0.99).toFixed(1)} ms`,
    )
    for (const ms of latenciesMs) into.push(ms)
  }
  try {
    await sleep(run.warmUpMs ?? 10_000, undefined, { signal }).catch(() => undefined)
    for (let round = 0; round < run.rounds && !signal.aborted; round += 1) {
      await measure('up  ', upMs, run.downMs / 2)
      await kafka?.stop()
      await measure('down', downMs, run.downMs)
      await kafka?.start()
      drains.push(await drain(client, signal))
      const { backlog, tookMs, inflow, outflow } = drains.at(-1) as Drain
      tell(
        `drained ${backlog} in ${(tookMs / 1_000).toFixed(1)} s: ${outflow.toFixed(0)}/s, inflow ${inflow.toFixed(0)}/s`,
      )
      await measure('up  ', upMs, run.downMs / 2)
    }
  } finally {
    await load.close()
    await client.end()
  }
  const { committed, events } = await readEverything(world, signal)
  const topics = judgeTopics(committed.events, events, 'http://localhost:8080')
  const failed = load.failures.map((told) => ({ property: 'O1', told: `a login failed: ${told}` }) as const)
  return {
    upMs: upMs.sort(ascending),
    downMs: downMs.sort(ascending),
    drains,
    events: committed.events.length,
    repetitions: topics.repetitions,
    violations: [...topics.violations, ...failed, ...findCrashes(world)],
  }
}

/** From the first event that is published to the moment at which no more waits than always does. */
async function drain(client: pg.Client, signal: AbortSignal): Promise<Drain> {
  const back = await readBacklog(client)
  const begun = await look(({ published }) => published > back.published)
  const ended = await look(({ numbered, published }) => numbered - published < drainedBelow)
  const backlog = begun.numbered - begun.published
  return { backlog, tookMs: ended.atMs - begun.atMs, ...toRates(begun, ended) }

  async function look(isThere: (backlog: Backlog) => boolean): Promise<Backlog> {
    const begunAtMs = performance.now()
    for (;;) {
      const backlog = await readBacklog(client)
      if (isThere(backlog) || signal.aborted) return backlog
      if (backlog.atMs - begunAtMs > drainLimitMs)
        throw new Error(`${backlog.numbered - backlog.published} events wait still`)
      await sleep(lookEveryMs)
    }
  }
}

const ascending = (a: number, b: number) => a - b

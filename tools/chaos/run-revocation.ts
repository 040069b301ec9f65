import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runFaults } from './faults/run-faults.ts'
import { probeReplicas } from './load/probe-replicas.ts'
import { type Prober, probeVerifier } from './load/probe-verifier.ts'
import { runLoad } from './load/run-load.ts'
import { makeRandom, type Random } from './make-random.ts'
import { History } from './verdicts/history.ts'
import { awaitRecovery } from './world/await-recovery.ts'
import { findCrashes } from './world/find-crashes.ts'
import { openWorld } from './world/open-world.ts'
import type { VerifierVariant } from './world/verifier-variants.ts'
import type { World } from './world/world.ts'

/** What a run is asked for. */
export interface RevocationRun {
  readonly faults: number
  readonly seed: number
  /** Only faults whose kind and target hold this text. */
  readonly only?: string
  /** People who are logged in and out at a time; default 6. */
  readonly people?: number
  readonly variant?: VerifierVariant
  readonly source?: 'watch' | 'kafka'
  /** Default true. */
  readonly kafka?: boolean
  /** Leaves logs and timeline where they are. */
  readonly keep?: boolean
  /** Health before the first fault and after each rest; default 3,000. */
  readonly calmMs?: number
  readonly signal: AbortSignal
  tell(line: string): void
}

/** How it went. */
export interface RevocationResult {
  readonly history: History
  readonly world: Pick<World, 'verifiers' | 'hasFalseClocks' | 'folder'>
  readonly recoveriesMs: readonly number[]
  readonly tookMs: number
}

const accessTtlMs = 120_000
const restEvery = 20
const forgetEveryMs = 5_000

/** Starts everything, lets people live and faults happen, and checks every verification on one clock. Everything is ended in any case. */
export async function runRevocation(run: RevocationRun): Promise<RevocationResult> {
  const begunAtMs = performance.now()
  await using world = await openWorld({ ...run, accessTtlMs })
  const timeline = createWriteStream(join(world.folder, 'timeline.jsonl'))
  const history = new History(timeline)
  // Apart, so that the faults do not depend on how much the people got done.
  const [random, peopleRandom] = [makeRandom(run.seed), makeRandom(run.seed + 1)]
  run.tell(`seed ${run.seed}; timeline and logs in ${world.folder}${run.keep ? '' : ' until the end'}`)
  const stop = new AbortController()
  const recoveriesMs: number[] = []
  const recover = async () => {
    const tookMs = await awaitRecovery(world, run.signal)
    history.note('recovered', { tookMs })
    recoveriesMs.push(tookMs)
    history.endNewEpoch()
    history.calmSinceMs = history.nowMs()
    await sleep(run.calmMs ?? 3_000, undefined, { signal: run.signal }).catch(() => undefined)
  }
  await awaitRecovery(world, run.signal)
  const traffic = beginTraffic(world, history, peopleRandom, run.people ?? 6, stop.signal)
  traffic.catch((error) => history.violate({ property: 'recovery', told: `the load broke off: ${error}` }))
  try {
    await recover()
    recoveriesMs.pop()
    const { faults: count, only = '', signal } = run
    const onFault = toTeller(run, history)
    await runFaults({ world, history, random, count, only, restEvery, recover, onFault, signal })
  } catch (error) {
    history.violate({ property: 'recovery', told: String(error) })
  } finally {
    stop.abort()
    await traffic.catch(() => undefined)
    await new Promise<void>((resolve) => timeline.end(resolve))
  }
  for (const crash of findCrashes(world)) history.violate(crash)
  return { history, world, recoveriesMs, tookMs: performance.now() - begunAtMs }
}

/** People who live, and questions about their tokens; ends when `signal` aborts and what is under way has been answered. */
async function beginTraffic(
  world: World,
  history: History,
  random: Random,
  people: number,
  signal: AbortSignal,
): Promise<void> {
  const { replicas, verifiers } = world
  const probers: readonly Prober[] = verifiers.map((verifier) =>
    probeVerifier(verifier, { history, random, signal }),
  )
  const strict = probeReplicas(replicas, { history, random, signal })
  history.onRevoked = (tokens) => {
    for (const { id } of tokens) for (const prober of [...probers, strict]) prober.heat(id)
  }
  const onMark = (tokenId: number, mark: unknown) => {
    for (const prober of probers) prober.askWithMark(tokenId, mark)
  }
  const forgetting = setInterval(() => {
    const expired = history.forgetExpired()
    for (const prober of probers) prober.forget(expired)
  }, forgetEveryMs)
  try {
    await runLoad({ replicas, history, random, accessTtlMs, onMark, signal }, people)
    await Promise.all([...probers.map(({ ended }) => ended), strict.ended])
  } finally {
    clearInterval(forgetting)
  }
}

function toTeller({ faults, tell }: RevocationRun, history: History) {
  return (
    { kind, target, lastsMs }: { kind: { name: string }; target: string; lastsMs: number },
    n: number,
  ) => {
    const at = (history.nowMs() / 1000).toFixed(1)
    tell(`${at.padStart(7)} s  ${n}/${faults}  ${kind.name}: ${target}, ${(lastsMs / 1000).toFixed(1)} s`)
  }
}

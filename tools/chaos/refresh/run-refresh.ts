import { setTimeout as sleep } from 'node:timers/promises'
import { runFaults } from '../faults/run-faults.ts'
import { makeRandom } from '../make-random.ts'
import { History } from '../verdicts/history.ts'
import type { Violation } from '../verdicts/judge-probe.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { openWorld } from '../world/open-world.ts'
import type { Replica } from '../world/world.ts'
import { judgeFamily } from './judge-family.ts'
import { type LivedFamily, liveFamily } from './live-family.ts'

/** What a run is asked for. */
export interface RefreshRun {
  readonly faults: number
  readonly seed: number
  readonly only?: string
  readonly keep?: boolean
  readonly signal: AbortSignal
  tell(line: string): void
}

/** How it went. */
export interface RefreshResult {
  readonly families: number
  readonly calls: number
  readonly unanswered: number
  /** Families that ended as after a theft: a late attempt of one client looked like one. */
  readonly ended: number
  readonly faults: number
  readonly violations: readonly Violation[]
  readonly tookMs: number
}

const familiesAtOnce = 24
/** What makes answers be lost. Calls that arrive late look like theft and end families: they come from pauses, and there are few. */
const faultsOfReplicas = 'kill -9 auth,half open users,cut users,cut auth,pause auth,delay auth'

/** Refreshes many families at both replicas by several clients each while replicas and ways to them fail, then judges every history (T12). */
export async function runRefresh(run: RefreshRun): Promise<RefreshResult> {
  const begunAtMs = performance.now()
  const { seed, signal, faults: count, keep = false } = run
  await using world = await openWorld({
    kafka: false,
    verifiers: false,
    refreshGrace: '10m',
    accessTtlMs: 3_600_000,
    keep,
  })
  const { replicas } = world
  const [history, random, clientsRandom] = [new History(), makeRandom(seed), makeRandom(seed + 1)]
  await awaitRecovery(world, signal)
  const stop = new AbortController()
  const families: LivedFamily[] = []
  const liveOn = async () => {
    while (!stop.signal.aborted) {
      const family = await liveFamily({ replicas, random: clientsRandom, signal: stop.signal })
      if (family === undefined) await sleep(100)
      else families.push(family)
    }
  }
  const living = Promise.all(Array.from({ length: familiesAtOnce }, liveOn))
  const recover = async () => void (await awaitRecovery(world, signal))
  const onFault: Parameters<typeof runFaults>[0]['onFault'] = ({ kind, target }, n) =>
    run.tell(`${n}/${count}  ${kind.name}: ${target}`)
  try {
    const only = run.only || faultsOfReplicas
    await runFaults({ world, history, random, count, only, restEvery: 20, recover, onFault, signal })
  } finally {
    stop.abort()
    await living
  }
  const violations: Violation[] = []
  for (const family of families) violations.push(...(await judge(family, replicas)))
  const calls = families.flatMap((family) => family.calls)
  return {
    families: families.length,
    calls: calls.length,
    unanswered: calls.filter(({ answer }) => answer === undefined).length,
    ended: families.filter(({ hasEnded }) => hasEnded).length,
    faults: [...history.tallies.values()].reduce((sum, n) => sum + n, 0),
    violations,
    tookMs: performance.now() - begunAtMs,
  }
}

/** The history, and what became of the access tokens: with the family all of them end, on both replicas (T8). */
async function judge(family: LivedFamily, replicas: readonly Replica[]): Promise<Violation[]> {
  const violations: Violation[] = []
  const told = judgeFamily(family.first, family.calls)
  if (told !== undefined) {
    const calls = JSON.stringify(
      family.calls.map((call) => ({ ...call, sent: call.sent.slice(-8), answer: call.answer?.slice(-8) })),
    )
    violations.push({ property: told.includes('successors') ? 'T1' : 'T12', told: `${told}: ${calls}` })
  }
  const latest = family.accessTokens.at(-1) ?? ''
  for (const { name, direct } of replicas) {
    for (const accessToken of family.hasEnded ? family.accessTokens : [latest]) {
      const { valid } = await direct.auth.validateToken({ accessToken })
      // A late attempt may still have ended one whose clients never learned it.
      if (!valid || !family.hasEnded) continue
      violations.push({ property: 'T12', told: `${name} accepts an access token of a family that has ended` })
    }
  }
  return violations
}

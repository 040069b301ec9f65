import { setTimeout as sleep } from 'node:timers/promises'
import { runFaults } from '../faults/run-faults.ts'
import { makeRandom, type Random } from '../make-random.ts'
import { History } from '../verdicts/history.ts'
import type { Violation } from '../verdicts/judge-probe.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { findCrashes } from '../world/find-crashes.ts'
import { openWorld } from '../world/open-world.ts'
import type { Replica } from '../world/world.ts'
import { judgeFamily, type RefreshCall } from './judge-family.ts'
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
/** What makes answers be lost, but no calls arrive late: those look like theft, and end the families that are to be watched. */
const faultsOfReplicas = 'kill -9 auth,half open users,half open auth,cut users,cut auth'

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
  const violations = findCrashes(world)
  for (const family of families) violations.push(...(await judge(family, replicas, clientsRandom)))
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

/** The history with a last refresh in peace, and the access tokens: with the family all of them end, on both replicas (T8). */
async function judge(
  family: LivedFamily,
  replicas: readonly Replica[],
  random: Random,
): Promise<Violation[]> {
  await family.refreshInPeace(random.pick(replicas).direct)
  const violations: Violation[] = []
  const told = judgeFamily(family.first, family.calls)
  if (told !== undefined) {
    const property = told.includes('successors') ? 'T1' : 'T12'
    violations.push({ property, told: `${told}: ${JSON.stringify(family.calls.map(shorten))}` })
  }
  if (!family.hasEnded) return violations
  for (const { name, direct } of replicas) {
    for (const accessToken of family.accessTokens) {
      const { valid } = await direct.auth.validateToken({ accessToken })
      if (valid)
        violations.push({ property: 'T8', told: `${name} accepts a token of a family that has ended` })
    }
  }
  return violations
}

function shorten(call: RefreshCall): RefreshCall {
  return { ...call, sent: call.sent.slice(-8), answer: call.answer?.slice(-8) }
}

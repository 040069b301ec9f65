import { setTimeout as sleep } from 'node:timers/promises'
import { runAuthctl } from '../../../services/auth/test/run-authctl.ts'
import { makeRandom } from '../make-random.ts'
import type { Violation } from '../verdicts/judge-probe.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { findCrashes } from '../world/find-crashes.ts'
import { openWorld } from '../world/open-world.ts'
import type { Replica, World } from '../world/world.ts'
import { findLostWrites } from './find-lost-writes.ts'
import { type Certificates, openCertificates } from './open-certificates.ts'
import { openWriteLoad } from './open-write-load.ts'

/** What a run is asked for. */
export interface RollingRun {
  /** How often all replicas are restarted, one after the other. */
  readonly rounds: number
  /** Load between two restarts. */
  readonly betweenMs: number
  readonly seed: number
  readonly keep?: boolean
  readonly signal: AbortSignal
  tell(line: string): void
}

/** How it went. */
export interface RollingResult {
  readonly restarts: number
  /** Writes that were acknowledged. */
  readonly acknowledged: number
  /** How calls ended that were not OK, and how often. */
  readonly errors: ReadonlyMap<string, number>
  readonly violations: readonly Violation[]
}

const stepLimitMs = 60_000

/**
 * Restarts two replicas in turn while people sign up, change their names, log in and refresh, over mTLS, with a rotation of all
 * keys in the middle of each round, and of authority and certificates in that of the first. No write that was acknowledged may be lost, and
 * callers may see UNAVAILABLE only.
 */
export async function runRolling({
  rounds,
  betweenMs,
  seed,
  signal,
  tell,
  keep = false,
}: RollingRun): Promise<RollingResult> {
  await using certificates = await openCertificates()
  await using world = await openWorld({ kafka: false, verifiers: false, keep, tls: certificates })
  await awaitRecovery(world, signal)
  const load = openWriteLoad(world.replicas, makeRandom(seed))
  const restarts = await roll().finally(() => load.close())
  const odd = [...load.errors].filter(([code]) => code !== 'UNAVAILABLE')
  const violations: Violation[] = [
    ...odd.map(([code, count]) => ({
      property: 'rolling' as const,
      told: `${count} calls ended with ${code}`,
    })),
    ...(await findLostWrites(world.replicas, load.acknowledged)),
    ...findCrashes(world),
  ]
  return { restarts, acknowledged: load.acknowledged.length, errors: load.errors, violations }

  async function roll(): Promise<number> {
    let count = 0
    for (let round = 0; round < rounds && !signal.aborted; round += 1) {
      for (const [index, replica] of world.replicas.entries()) {
        await sleep(betweenMs)
        // The middle of a round: one replica is new, the other is not.
        if (index === 1) {
          await rotateKeys(world)
          if (round === 0) await rotateCertificates(world, certificates, signal)
        }
        await restart(replica, signal)
        count += 1
        tell(`${replica.name} restarted: ${load.acknowledged.length} writes acknowledged so far`)
      }
    }
    await sleep(betweenMs)
    return count
  }
}

/** As an orchestrator does it: told to stop, started anew, and the next one only when it serves. */
async function restart({ name, process }: Replica, signal: AbortSignal): Promise<void> {
  await process.down('SIGTERM')
  process.up()
  await until(`${name} is back`, signal, () => process.isServing)
}

/** As it is done with authorities: trusted before it is used, and the old one until nobody uses it. Nobody is restarted for it. */
async function rotateCertificates(
  { replicas }: World,
  certificates: Certificates,
  signal: AbortSignal,
): Promise<void> {
  const step = async (what: string, change: () => Promise<void>) => {
    const before = replicas.map(({ toConnectionId }) => toConnectionId())
    await change()
    await until(`callers have ${what}`, signal, () =>
      replicas.every(({ toConnectionId }, index) => toConnectionId() !== before[index]),
    )
  }
  await step('what trusts both authorities', certificates.trustNext)
  // Who shows it has read what trusts the callers' new ones.
  await certificates.replaceOfService()
  for (const { name, grpcPort } of replicas) {
    await until(`${name} shows its new certificate`, signal, () => certificates.isShownAt(grpcPort))
  }
  await step('the new certificates', certificates.replaceOfCaller)
  await step('what trusts the new authority', certificates.distrustOld)
}

async function until(
  what: string,
  signal: AbortSignal,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + stepLimitMs
  while (!signal.aborted && !(await holds())) {
    if (performance.now() > endMs) throw new Error(`not so in ${stepLimitMs} ms: ${what}`)
    await sleep(20)
  }
}

async function rotateKeys({ environment }: World): Promise<void> {
  for (const purpose of ['signing', 'refresh']) {
    const { code, stderr } = await runAuthctl(environment, 'keys', 'rotate', '--purpose', purpose, '--now')
    if (code !== 0) throw new Error(`keys rotate: ${stderr}`)
  }
}

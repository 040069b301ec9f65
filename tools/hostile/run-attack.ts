import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack, AttackTally, Target } from './attacks/attack.ts'
import { openAttacker } from './open-attacker.ts'
import { edgeConnections, type GoodClient, type Sample } from './open-good-client.ts'
import { type Observed, readService, type ServiceState } from './read-service.ts'

/** How an attack went. */
export interface AttackResult {
  readonly attack: Attack
  readonly tally: AttackTally
  /** Connections and calls that the service cut or refused. */
  readonly refusals: number
  readonly calm: Samples
  readonly during: Samples
  /** More memory than before, once all had been let go; at most. */
  readonly memoryGrowthBytes: number
  /** Connections more than before, some seconds after, and of which listener. */
  readonly connectionsLeft: number
  readonly listeners: string
}

/** What the good client saw, all rounds together. */
export interface Samples {
  readonly grpc: Sample
  readonly edge: Sample
}

/** How long, and how often in turn. */
export interface AttackRun {
  readonly target: Target & Observed
  readonly client: GoodClient
  readonly rounds: number
  readonly phaseMs: number
  /** How long an attack may last until it is cut off for the first time, where that takes longer than a phase; default: no longer. */
  readonly patienceMs?: number
}

/** What comes back may take so long. */
const recoveryMs = 20_000
const memorySlackBytes = 32 * 1024 * 1024

/** Lets calm and attack take turns, so that both are measured on the same machine at the same time, and looks what is left behind. */
export async function runAttack(attack: Attack, run: AttackRun): Promise<AttackResult> {
  const { target, client, rounds, phaseMs } = run
  await using attacker = await openAttacker(attack.name, target)
  const before = await readService(target)
  const [calm, during]: [Samples[], Samples[]] = [[], []]
  const tally = { opened: 0, closed: 0, sent: 0 }
  for (let round = 0; round < rounds; round += 1) {
    client.take()
    await sleep(phaseMs)
    calm.push(client.take())
    attacker.start()
    await sleep(phaseMs)
    await awaitCut(attack, run.patienceMs ?? 0, async () =>
      attack.ends === 'closed'
        ? (await attacker.look()).closed > 0
        : (await readService(target)).refusals > before.refusals,
    )
    const { opened, closed, sent } = await attacker.stop()
    during.push(client.take())
    tally.opened += opened
    tally.closed += closed
    tally.sent += sent
  }
  const after = await awaitCalm(target, before)
  return {
    attack,
    tally,
    refusals: after.refusals - before.refusals,
    calm: join(calm),
    during: join(during),
    memoryGrowthBytes: after.memoryBytes - before.memoryBytes,
    connectionsLeft: countLeft(before, after),
    listeners: `gRPC ${after.grpcConnections}, ${before.grpcConnections} before; edge ${after.edgeConnections}, ${before.edgeConnections} before`,
  }
}

/** Lets an attack that has to be cut off go on until it is. */
async function awaitCut({ ends }: Attack, patienceMs: number, isCut: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs
  while (ends !== 'bounded' && performance.now() < endMs && !(await isCut())) await sleep(250)
}

/** The good client's own connections to the edge come and go, and that over gRPC may have been between two when it was counted. */
function countLeft(before: ServiceState, after: ServiceState): number {
  const grpc = Math.max(0, after.grpcConnections - Math.max(1, before.grpcConnections))
  return grpc + Math.max(0, after.edgeConnections - edgeConnections)
}

/** Looks until all is as it was, or the time for that is over. */
async function awaitCalm(target: Observed, before: ServiceState): Promise<ServiceState> {
  const endMs = performance.now() + recoveryMs
  for (;;) {
    const now = await readService(target)
    const isCalm = countLeft(before, now) === 0 && now.memoryBytes <= before.memoryBytes + memorySlackBytes
    if (isCalm || performance.now() > endMs) return now
    await sleep(200)
  }
}

function join(samples: readonly Samples[]): Samples {
  const all = (of: 'grpc' | 'edge'): Sample => ({
    latenciesMs: samples.flatMap((sample) => sample[of].latenciesMs),
    failures: samples.flatMap((sample) => sample[of].failures),
  })
  return { grpc: all('grpc'), edge: all('edge') }
}

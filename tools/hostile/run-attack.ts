import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack, AttackTally, Target } from './attacks/attack.ts'
import { openAttacker } from './open-attacker.ts'
import type { GoodClient, Sample } from './open-good-client.ts'
import { readService, type ServiceState } from './read-service.ts'

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
  /** Connections more than before, some seconds after. */
  readonly connectionsLeft: number
}

/** What the good client saw, all rounds together. */
export interface Samples {
  readonly grpc: Sample
  readonly edge: Sample
}

/** How long, and how often in turn. */
export interface AttackRun {
  readonly target: Target & { readonly adminPort: number }
  readonly client: GoodClient
  readonly rounds: number
  readonly phaseMs: number
}

/** What comes back may take so long: the collector of the garbage has its own mind. */
const recoveryMs = 20_000
const memorySlackBytes = 32 * 1024 * 1024

/** Lets calm and attack take turns, so that both are measured on the same machine at the same time, and looks what is left behind. */
export async function runAttack(attack: Attack, run: AttackRun): Promise<AttackResult> {
  const { target, client, rounds, phaseMs } = run
  await using attacker = await openAttacker(attack.name, target)
  const before = await readService(target.adminPort)
  const [calm, during]: [Samples[], Samples[]] = [[], []]
  const tally = { opened: 0, closed: 0, sent: 0 }
  for (let round = 0; round < rounds; round += 1) {
    client.take()
    await sleep(phaseMs)
    calm.push(client.take())
    attacker.start()
    await sleep(phaseMs)
    const { opened, closed, sent } = await attacker.stop()
    during.push(client.take())
    tally.opened += opened
    tally.closed += closed
    tally.sent += sent
  }
  const after = await awaitCalm(target.adminPort, before)
  return {
    attack,
    tally,
    refusals: after.refusals - before.refusals,
    calm: join(calm),
    during: join(during),
    memoryGrowthBytes: after.memoryBytes - before.memoryBytes,
    connectionsLeft: Math.max(0, after.connections - before.connections),
  }
}

/** Looks until all is as it was, or the time for that is over. */
async function awaitCalm(adminPort: number, before: ServiceState): Promise<ServiceState> {
  const endMs = performance.now() + recoveryMs
  for (;;) {
    const now = await readService(adminPort)
    const isCalm =
      now.connections <= before.connections && now.memoryBytes <= before.memoryBytes + memorySlackBytes
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

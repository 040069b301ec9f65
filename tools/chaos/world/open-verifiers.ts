import { openTcpProxy, type TcpProxy } from '../../parts/tcp-proxy.ts'
import type { FakeClock } from './open-fake-clock.ts'
import type { OpenReplica } from './open-replica.ts'
import { openVerifier, type VerifierOptions } from './open-verifier.ts'
import type { VerifierArguments, VerifierVariant } from './verifier-variants.ts'
import type { Verifier } from './world.ts'

/** What the verifying processes need. */
export interface VerifiersOptions {
  readonly stack: AsyncDisposableStack
  readonly folder: string
  readonly links: Map<string, TcpProxy>
  openClock(name: string): Promise<FakeClock | undefined>
  readonly replicas: readonly OpenReplica[]
  readonly variant?: VerifierVariant
  /** Where c reaches Kafka; without it c follows WatchRevocations like the others. */
  readonly brokers?: readonly string[]
}

/** Starts the three: a follows replica 1, b whichever answers, with a smaller S, c Kafka, and asks replica 2. */
export async function openVerifiers(options: VerifiersOptions): Promise<Verifier[]> {
  const { stack, folder, links, replicas, brokers, variant = 'good' } = options
  const [first, second] = replicas
  if (first === undefined || second === undefined) throw new RangeError('two replicas are needed')
  const openWay = async (from: string, to: OpenReplica) => {
    const way = stack.use(await openTcpProxy({ port: to.grpcPort }))
    links.set(`${from}-${to.name}`, way)
    return `127.0.0.1:${way.port}`
  }
  const open = async (
    verifier: Pick<VerifierOptions, 'name' | 'told' | 'maxStalenessMs'>,
    connection: Pick<VerifierArguments, 'address' | 'revocations' | 'kafka'>,
  ) => {
    const clock = await options.openClock(`verifier-${verifier.name}`)
    const args = { variant, deadlineMs: 1_000, ...connection }
    return stack.use(await openVerifier({ ...verifier, folder, clock, args }))
  }
  return [
    await open(
      { name: 'a', told: 'replica 1', maxStalenessMs: 3_000 },
      { address: await openWay('a', first) },
    ),
    await open(
      { name: 'b', told: 'either replica', maxStalenessMs: 1_000 },
      { address: `ipv4:${await openWay('b', first)},${await openWay('b', second)}` },
    ),
    await open(
      { name: 'c', told: brokers === undefined ? 'replica 2' : 'Kafka', maxStalenessMs: 3_000 },
      {
        address: await openWay('c', second),
        ...(brokers === undefined ? {} : { revocations: 'kafka', kafka: { brokers } }),
      },
    ),
  ]
}

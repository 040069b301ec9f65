import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ChaosProcess, openProcess } from '../world/open-process.ts'
import type { ConsumerArguments, FromConsumer, HandlerPoint, ToConsumer } from './consumer-messages.ts'
import type { ConsumerVariant } from './consumer-variants.ts'
import { type ConsumerWorld, sessionTimeoutMs } from './open-consumer-world.ts'

/** What a group of consumers is. */
export interface GroupOptions {
  readonly group: string
  readonly groupProtocol: 'classic' | 'consumer'
  readonly variant: ConsumerVariant
  /** How many processes; default 2. */
  readonly size?: number
  /** Where a handler that is known to be wrong shows it: its group is killed there, twice, and nowhere else. */
  readonly killAt?: HandlerPoint
}

/** A process of a group. */
export interface Member {
  readonly process: ChaosProcess
  /** Has it stand still at the next such point of a handler; resolves with whether it does, within the time. */
  stopAt(point: HandlerPoint, withinMs: number): Promise<boolean>
}

/** Consuming processes with one group. */
export interface Group extends GroupOptions, AsyncDisposable {
  readonly members: readonly Member[]
  readonly told: GroupTold
}

/** What the members of a group have said, in all their lives. */
export interface GroupTold {
  /** Deliveries that the inbox knew already. */
  absorbed: number
  /** Deliveries that a process knew already. */
  duplicates: number
  /** Attempts that failed. */
  failures: number
  readonly gaps: string[]
  readonly failed: string[]
}

const file = fileURLToPath(new URL('./consumer-main.ts', import.meta.url))

/** Starts a group. */
export async function openGroup(world: ConsumerWorld, options: GroupOptions): Promise<Group> {
  await using stack = new AsyncDisposableStack()
  const told: GroupTold = { absorbed: 0, duplicates: 0, failures: 0, gaps: [], failed: [] }
  const members: Member[] = []
  for (let n = 1; n <= (options.size ?? 2); n += 1) {
    const { member, process } = await openMember(world, options, n, told)
    stack.use(process)
    members.push(member)
  }
  const opened = stack.move()
  return { ...options, members, told, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function openMember(
  { auth, kafka, databaseUrl, folder }: ConsumerWorld,
  { group, groupProtocol, variant }: GroupOptions,
  n: number,
  told: GroupTold,
) {
  let onStopped: (() => void) | undefined
  let counts = { duplicates: 0, failures: 0 }
  const take = (message: FromConsumer) => {
    if ('stoppedAt' in message) onStopped?.()
    else if ('absorbed' in message) told.absorbed += 1
    else if ('gap' in message) told.gaps.push(message.gap)
    else if ('failed' in message) told.failed.push(message.failed)
    else {
      // They begin at 0 with each life.
      const before = message.counts.failures < counts.failures ? { duplicates: 0, failures: 0 } : counts
      told.duplicates += Math.max(0, message.counts.duplicates - before.duplicates)
      told.failures += message.counts.failures - before.failures
      counts = message.counts
    }
  }
  const args: ConsumerArguments = {
    address: `127.0.0.1:${auth.grpcPort}`,
    brokers: [kafka.brokers],
    databaseUrl,
    ...{ group, groupProtocol, sessionTimeoutMs, variant },
  }
  const name = `${group}-${n}`
  const process = await openProcess({
    name,
    file,
    args: [JSON.stringify(args)],
    environment: {},
    logFile: join(folder, `${name}.log`),
    readyLine: /^consumes$/m,
    onMessage: (message) => take(message as FromConsumer),
  })
  const stopAt: Member['stopAt'] = async (point, withinMs) => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const late = setTimeout(() => resolve(false), withinMs)
    onStopped = () => resolve(true)
    process.send({ stopAt: point } satisfies ToConsumer)
    return await promise.finally(() => clearTimeout(late))
  }
  return { process, member: { process, stopAt } satisfies Member }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../make-random.ts'
import { type HandlerPoint, handlerPoints } from './consumer-messages.ts'
import type { ConsumerViolation } from './judge-consumer.ts'
import { sessionTimeoutMs } from './open-consumer-world.ts'
import type { Group, Member } from './open-group.ts'

/** What is needed to kill. */
export interface KillOptions {
  readonly group: Group
  readonly random: Random
  /** Whether there is one more to kill; counts it. */
  takeOne(): boolean
  readonly tally: (what: string) => void
  readonly violate: (violation: ConsumerViolation) => void
  readonly signal: AbortSignal
}

/** How long a graceful stop may take: the last commit is waited for 5 s at most. */
const stopLimitMs = 30_000
const pointWithinMs = 4_000

/**
 * Kills members of a group until there is none more to kill: at a random moment, at a point of a handler, or both at once, with SIGKILL; now
 * and then one is stopped by SIGTERM, or stands still until its partitions have gone to the other, and goes on. Each is started again.
 */
export async function killMembers(options: KillOptions): Promise<void> {
  const { group, random, signal, takeOne } = options
  if (group.killAt !== undefined) return await killTwice(group.killAt, options)
  while (!signal.aborted) {
    await sleep(random.whole(50, 1_800), undefined, { signal }).catch(() => undefined)
    const member = random.pick(group.members)
    const draw = random.next()
    if (draw < 0.08) await stopGracefully(member, options)
    else if (draw < 0.16) await standStill(member, options)
    else if (!takeOne()) return
    else if (draw < 0.22) await killBoth(options)
    else if (draw < 0.65) await killAtPoint(member, options)
    else await kill(member, 'at a random moment', options)
  }
}

async function kill({ process }: Member, what: string, { tally }: KillOptions): Promise<void> {
  await process.down()
  process.up()
  tally(`kill -9 ${what}`)
}

async function killAtPoint(member: Member, options: KillOptions): Promise<void> {
  const point = options.random.pick(handlerPoints)
  const isThere = await member.stopAt(point, pointWithinMs)
  await kill(member, isThere ? `where an event is ${point}` : 'at a random moment', options)
}

async function killTwice(point: HandlerPoint, options: KillOptions): Promise<void> {
  const { group, signal } = options
  for (let kills = 0; kills < 2 && !signal.aborted; ) {
    const member = options.random.pick(group.members)
    if (!(await member.stopAt(point, pointWithinMs))) continue
    await kill(member, `where an event is ${point}`, options)
    kills += 1
  }
}

async function killBoth(options: KillOptions): Promise<void> {
  const { members } = options.group
  await Promise.all(members.map((member) => kill(member, 'with its fellow', options)))
}

async function stopGracefully({ process }: Member, { tally, violate }: KillOptions): Promise<void> {
  const late = setTimeout(() => {
    violate({ property: 'process', told: `${process.name} had not stopped ${stopLimitMs} ms after SIGTERM` })
    void process.down()
  }, stopLimitMs)
  await process.down('SIGTERM')
  clearTimeout(late)
  process.up()
  tally('SIGTERM')
}

async function standStill({ process }: Member, { random, tally }: KillOptions): Promise<void> {
  process.pause()
  await sleep(sessionTimeoutMs * (1 + 1.5 * random.next()))
  process.resume()
  tally('SIGSTOP past the session')
}

import { setTimeout as sleep } from 'node:timers/promises'
import { makeRandom } from '../make-random.ts'
import type { ConsumerViolation } from './judge-consumer.ts'
import { judgeGroup } from './judge-group.ts'
import { killMembers } from './kill-members.ts'
import { type LivedEvents, liveUsers } from './live-users.ts'
import { type ConsumerWorld, openConsumerWorld } from './open-consumer-world.ts'
import { type Group, type GroupOptions, openGroup } from './open-group.ts'
import { readLetters, readTopics } from './read-topics.ts'
import { writeJunk } from './write-junk.ts'

/** What a run is asked for. */
export interface ConsumersRun {
  /** How often members are killed with SIGKILL, over all groups. */
  readonly kills: number
  readonly seed: number
  /** Default: one with each group protocol. */
  readonly groups?: readonly GroupOptions[]
  /** Events that the service makes in a second; default 100. */
  readonly eventsPerSecond?: number
  /** Leaves the logs where they are. */
  readonly keep?: boolean
  readonly signal: AbortSignal
  tell(line: string): void
}

/** A group and what was done to it. */
export interface FaultyGroup {
  readonly group: Group
  /** How often what was done. */
  readonly faults: Map<string, number>
  readonly violations: ConsumerViolation[]
}

/** How one group did. */
export interface GroupResult extends GroupOptions, Pick<Group, 'told'>, Omit<FaultyGroup, 'group'> {
  readonly effects: number
  readonly letters: number
}

/** How it went. */
export interface ConsumersResult {
  readonly groups: readonly GroupResult[]
  /** Events that the service has acknowledged, and records of a stranger that are none. */
  readonly lived: LivedEvents
  readonly junk: number
  readonly kills: number
  readonly killingMs: number
  /** From the last fault until everything was handled. */
  readonly drainMs: number
  readonly tookMs: number
}

const goodGroups: readonly GroupOptions[] = Object.freeze([
  { group: 'classic', groupProtocol: 'classic', variant: 'good' },
  { group: 'kip-848', groupProtocol: 'consumer', variant: 'good' },
])
const users = 60
const junk = 20
const drainLimitMs = 90_000

/** Kills consumers while users live, then compares what they wrote with what stands on the topics. Everything is ended in any case. */
export async function runConsumers(run: ConsumersRun): Promise<ConsumersResult> {
  const begunAtMs = performance.now()
  const { seed, keep = false, signal, tell, eventsPerSecond = 100 } = run
  await using stack = new AsyncDisposableStack()
  const world = stack.use(await openConsumerWorld({ keep }))
  tell(`seed ${seed}; logs in ${world.folder}${keep ? '' : ' until the end'}`)
  await untilServing(world, signal)
  const groups: FaultyGroup[] = []
  for (const options of run.groups ?? goodGroups) {
    groups.push({ group: stack.use(await openGroup(world, options)), faults: new Map(), violations: [] })
  }
  const random = makeRandom(seed)
  const stop = new AbortController()
  const living = liveUsers({ calls: world.calls, random, users, eventsPerSecond, signal: stop.signal })
  const killingAtMs = performance.now()
  const kills = await Promise.race([killAll(run, groups), living.then(() => 0)]).finally(() => stop.abort())
  const lived = await living
  await writeJunk(world.kafka.brokers, random, junk)
  const drainedAtMs = performance.now()
  await drain(world, groups, { ...lived, poisoned: lived.poisoned + junk }, signal)
  const drainMs = performance.now() - drainedAtMs
  await Promise.all(
    groups.flatMap(({ group }) => group.members.map(({ process }) => process.down('SIGTERM'))),
  )
  const records = await readTopics(world.kafka.brokers)
  const judged: GroupResult[] = []
  for (const one of groups) judged.push(await judgeGroup(world, one, records, lived))
  const killingMs = drainedAtMs - killingAtMs
  return { groups: judged, lived, junk, kills, killingMs, drainMs, tookMs: performance.now() - begunAtMs }
}

async function untilServing({ auth }: ConsumerWorld, signal: AbortSignal): Promise<void> {
  while (!auth.process.isServing) await sleep(50, undefined, { signal })
}

async function killAll(
  { kills, seed, signal, tell }: ConsumersRun,
  groups: readonly FaultyGroup[],
): Promise<number> {
  let taken = 0
  const takeOne = () => {
    if (taken === kills) return false
    taken += 1
    if (taken % 50 === 0) tell(`${taken} of ${kills} kills`)
    return true
  }
  await Promise.all(
    groups.map(({ group, faults, violations }, at) =>
      killMembers({
        group,
        // Each its own, so that one group's faults do not depend on how soon another's came.
        random: makeRandom(seed + 1 + at),
        takeOne,
        tally: (what) => faults.set(what, (faults.get(what) ?? 0) + 1),
        violate: (violation) => violations.push(violation),
        signal,
      }),
    ),
  )
  return taken
}

/** Waits until every group has seen everything; where that takes too long, the judge says what is missing. */
async function drain(
  { pool, kafka }: ConsumerWorld,
  groups: readonly FaultyGroup[],
  { good, poisoned }: LivedEvents,
  signal: AbortSignal,
): Promise<void> {
  const begunAtMs = performance.now()
  for (const { group, violations } of groups) {
    for (;;) {
      const { rows } = await pool.query(
        `select count(*)::int as seen from (
           select event_id from effects where consumer = $1
           union select event_id from auth_inbox where consumer = $1) as known`,
        [group.group],
      )
      const letters = await readLetters(kafka.brokers, group.group)
      if (rows[0].seen >= good && letters.length >= poisoned) break
      if (performance.now() - begunAtMs > drainLimitMs || signal.aborted) {
        const told = `after ${drainLimitMs} ms ${group.group} had seen ${rows[0].seen} of ${good} events, ${letters.length} of ${poisoned} bad ones`
        violations.push({ property: 'drain', told })
        break
      }
      await sleep(300)
    }
  }
}

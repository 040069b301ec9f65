import { setTimeout as sleep } from 'node:timers/promises'
import { makeRandom } from '../make-random.ts'
import type { ConsumerViolation } from './judge-consumer.ts'
import { judgeGroup } from './judge-group.ts'
import { killMembers } from './kill-members.ts'
import { type LivedEvents, liveUsers, signUpSome } from './live-users.ts'
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
  /** Events that the service has acknowledged; records of a stranger, which are none, count as poisoned. */
  readonly lived: LivedEvents
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
/** How long what fails may wait for the next events, and how many users those are: two for each of twelve partitions on average. */
const newcomersEveryMs = 5_000
const newcomers = 24

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
  const acknowledged = await living
  await writeJunk(world.kafka.brokers, random, junk)
  const drainedAtMs = performance.now()
  const lived = await drain(
    world,
    groups,
    { ...acknowledged, poisoned: acknowledged.poisoned + junk },
    signal,
  )
  const drainMs = performance.now() - drainedAtMs
  await Promise.all(
    groups.flatMap(({ group }) => group.members.map(({ process }) => process.down('SIGTERM'))),
  )
  const records = await readTopics(world.kafka.brokers)
  const judged: GroupResult[] = []
  for (const one of groups) judged.push(await judgeGroup(world, one, records, lived))
  const killingMs = drainedAtMs - killingAtMs
  return { groups: judged, lived, kills, killingMs, drainMs, tookMs: performance.now() - begunAtMs }
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

/**
 * Waits until every group has seen everything; where that takes too long, the judge says what is missing. Meanwhile users sign up now and then: an event that
 * always fails is given up only where others succeed. Returns what there was to see in the end.
 */
async function drain(
  world: ConsumerWorld,
  groups: readonly FaultyGroup[],
  acknowledged: LivedEvents,
  signal: AbortSignal,
): Promise<LivedEvents> {
  const begunAtMs = performance.now()
  const { poisoned } = acknowledged
  let { good } = acknowledged
  let newcomersAtMs = begunAtMs + newcomersEveryMs
  for (;;) {
    // All of them again: newcomers are new to those that had seen everything.
    const lacks = await Promise.all(groups.map((one) => findLack(world, one.group, { good, poisoned })))
    if (lacks.every((lack) => lack === undefined)) break
    if (performance.now() - begunAtMs > drainLimitMs || signal.aborted) {
      for (const [at, lack] of lacks.entries()) {
        if (lack !== undefined)
          groups[at]?.violations.push({ property: 'drain', told: `after ${drainLimitMs} ms ${lack}` })
      }
      break
    }
    if (performance.now() > newcomersAtMs) {
      good += await signUpSome(world.calls, newcomers)
      newcomersAtMs = performance.now() + newcomersEveryMs
    }
    await sleep(300)
  }
  return { good, poisoned }
}

async function findLack(
  { pool, kafka }: ConsumerWorld,
  { group }: Group,
  { good, poisoned }: LivedEvents,
): Promise<string | undefined> {
  const { rows } = await pool.query(
    `select count(*)::int as seen from (
       select event_id from effects where consumer = $1
       union select event_id from auth_inbox where consumer = $1) as known`,
    [group],
  )
  // One may be buried twice: by a member and, where that was killed, by its successor.
  const places = (await readLetters(kafka.brokers, group)).map((letter) => Object.values(letter).join(' '))
  const buried = new Set(places).size
  if (rows[0].seen >= good && buried >= poisoned) return undefined
  return `${group} had seen ${rows[0].seen} of ${good} events, ${buried} of ${poisoned} bad ones`
}

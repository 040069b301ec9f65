import type { SeedResult } from '../seed-result.ts'
import { makeRandom, type Random } from '../time/make-random.ts'
import { awaitDrained, judgeParking } from './await-drained.ts'
import { planEventFaults } from './event-faults.ts'
import type { EventVariant } from './event-process.ts'
import { EventWorld } from './event-world.ts'
import { judgeEvents, listRecords } from './judge-events.ts'
import { judgeRevocations, judgeStates } from './judge-heartbeats.ts'
import { act, signUp, type Users } from './write-acts.ts'

const startsWithinMs = 20_000

/** Runs the world of one seed until everything has drained, and says what must not have happened (O1 to O11 of protocols.md §1). */
export async function simulateEventSeed(
  seed: number,
  variant: EventVariant = {},
  isTracing = false,
): Promise<SeedResult> {
  const world = new EventWorld(seed, variant)
  const { history, model, time } = world
  history.isTracing = isTracing
  const random = makeRandom(seed ^ 0x5eed)
  const users = await setUp(world, random)
  const beginMs = time.nowMs
  const endMs = beginMs + random.between(2000, 5000)
  planActs(world, users, random, beginMs, endMs)
  planEventFaults(world, makeRandom(seed ^ 0xfa17), beginMs, endMs)
  await time.run(endMs)
  await awaitDrained(world)
  if (history.violations.length === 0) judgeParking(world)
  if (history.violations.length === 0) judgeEvents(world)
  if (history.violations.length === 0) judgeStates(world)
  if (history.violations.length === 0) judgeRevocations(world)
  time.end()
  if (model.truth.unknownStatements.length > 0) {
    throw new Error(`the model does not know: ${model.truth.unknownStatements.join('; ')}`)
  }
  return {
    seed,
    violations: history.violations,
    counts: toCounts(world),
    operations: history.writes.length,
    statements: model.truth.statementCount,
    timers: time.firedCount,
    trace: history.trace,
  }
}

async function setUp(world: EventWorld, random: Random): Promise<Users> {
  const { time } = world
  const users: Users = { ids: [] }
  await time.run(startsWithinMs, () => world.slots.every(({ running }) => running !== undefined))
  const count = 2 + random.below(4)
  const signUps = Array.from({ length: count }, () => signUp(world, users))
  let isDone = false
  void Promise.all(signUps).then(() => {
    isDone = true
  })
  await time.run(time.nowMs + startsWithinMs, () => isDone)
  if (!isDone) throw new Error('users did not sign up')
  return users
}

function planActs(world: EventWorld, users: Users, random: Random, beginMs: number, endMs: number): void {
  const count = 15 + random.below(30)
  for (let n = 0; n < count; n++) {
    world.time.at(random.between(beginMs, endMs), () => void act(world, users, random))
  }
}

function toCounts(world: EventWorld): Record<string, number> {
  const records = listRecords(world).flat()
  const ids = new Set(records.map(({ value }) => (value as { readonly id: string }).id))
  return {
    events: ids.size,
    repeated: records.length - ids.size,
    acknowledged: world.history.writes.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).length,
    rolledBack: world.history.writes.filter(({ isUndone }) => isUndone).length,
  }
}

import { createUser } from '../../services/auth/src/use-cases/create-user.ts'
import { acts, type Cast } from './actors/act.ts'
import { makeCalls } from './actors/calls.ts'
import { toCaller } from './actors/device.ts'
import { Holder } from './actors/holder.ts'
import { probe } from './actors/probe.ts'
import { toPassword } from './actors/to-password.ts'
import { planFaults } from './faults/plan-faults.ts'
import { awaitRecovery } from './record/await-recovery.ts'
import { checkEnd } from './record/check-end.ts'
import { makeCommitWatch } from './record/watch-commits.ts'
import type { SeedResult } from './seed-result.ts'
import { makeRandom, type Random } from './time/make-random.ts'
import type { Variant } from './world/variant.ts'
import { World } from './world/world.ts'

const startsWithinMs = 20_000

/** Runs the world of one seed from its beginning until it has recovered from its faults, and says what must not have happened. */
export async function simulateSeed(
  seed: number,
  variant: Variant = {},
  isTracing = false,
): Promise<SeedResult> {
  const world = new World(seed, variant)
  const { history, model, time } = world
  history.isTracing = isTracing
  const random = makeRandom(seed ^ 0x5eed)
  const cast = await setUp(world, random)
  const beginMs = time.nowMs
  const endMs = beginMs + random.between(2500, 5000)
  planActs(cast, random, beginMs, endMs)
  planFaults(world, makeRandom(seed ^ 0xfa17), beginMs, endMs)
  const watchCommits = makeCommitWatch(history, model)
  probe(world, watchCommits)
  const isOver = () => history.violations.length > 0
  await time.run(endMs, isOver)
  if (!isOver()) await awaitRecovery(cast)
  watchCommits()
  if (!isOver()) await checkEnd(world)
  time.end()
  if (model.truth.unknownStatements.length > 0) {
    throw new Error(`the model does not know: ${model.truth.unknownStatements.join('; ')}`)
  }
  return {
    seed,
    violations: history.violations,
    counts: { ...history.counts },
    operations: history.operations.length,
    statements: model.truth.statementCount,
    timers: time.firedCount,
    trace: history.trace,
  }
}

/** Users sign up, and each logs in by some device. */
async function setUp(world: World, random: Random): Promise<Cast> {
  const { history, time } = world
  const calls = makeCalls(world)
  const holders: Holder[] = []
  await time.run(startsWithinMs, () => world.slots.every((slot) => slot.auth !== undefined))
  const auth = world.slots[0]?.auth
  if (auth === undefined) throw new Error('the service did not start')
  const count = 2 + random.below(2)
  const signUps = Array.from({ length: count }, async (_, at) => {
    const username = `user-${at + 1}`
    const input = {
      username,
      email: `${username}@example.org`,
      password: toPassword(0),
      displayName: '',
      requestId: '',
    }
    const { id } = await createUser(auth.deps, toCaller({ clientId: '', ip: '', userAgent: '' }), input)
    const user = history.addUser(id, username)
    for (let number = 1; number <= 1 + random.below(2); number++) {
      const device = { clientId: 'web', ip: `10.0.${at}.${number}`, userAgent: `browser ${number}` }
      const holder = new Holder(world, calls, user, device)
      holders.push(holder)
      // Some are too impatient for a slow database.
      await holder.logIn().catch(() => undefined)
    }
  })
  const done = Promise.all(signUps)
  let isDone = false
  void done.then(() => {
    isDone = true
  })
  await time.run(time.nowMs + startsWithinMs, () => isDone)
  if (!isDone) throw new Error('users did not sign up')
  return { world, calls, holders, nextPassword: 1 }
}

function planActs(cast: Cast, random: Random, beginMs: number, endMs: number): void {
  const { history, time } = cast.world
  const weight = acts.reduce((sum, [share]) => sum + share, 0)
  const count = 8 + random.below(14)
  for (let n = 0; n < count; n++) {
    const choice = random.between(0, weight)
    let sum = 0
    const act = acts.find(([share]) => {
      sum += share
      return choice < sum
    })?.[1]
    const holder = random.findOne(cast.holders)
    if (act === undefined || holder === undefined) continue
    time.at(random.between(beginMs, endMs), () => {
      act(cast, holder).catch((error) => history.note(() => `a caller sees ${String(error)}`))
    })
  }
}

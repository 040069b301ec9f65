import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../make-random.ts'
import type { Calls } from '../world/world.ts'
import { poisons } from './consumer-messages.ts'

/** What lives need. */
export interface LivesOptions {
  readonly calls: Calls
  readonly random: Random
  /** How many users live at once, and how many events all of them make in a second. */
  readonly users: number
  readonly eventsPerSecond: number
  readonly signal: AbortSignal
}

/** What the service acknowledged. */
export interface LivedEvents {
  /** Events that can be handled, and those that cannot. */
  readonly good: number
  readonly poisoned: number
}

/** Makes users who do nothing more; returns how many events that are. Rejects when the service refuses. */
export async function signUpSome({ users }: Pick<Calls, 'users'>, count: number): Promise<number> {
  await Promise.all(Array.from({ length: count }, () => users.createUser(makeSignUp('newcomer'))))
  return count
}

const poisonShare = 0.004
const password = 'correct horse battery staple'

/**
 * Lets users live at a steady rate until the signal is aborted: they sign up, log in, change their names, log out, and now and then give
 * themselves a name that no consumer can handle. Rejects when the service refuses.
 */
export async function liveUsers(options: LivesOptions): Promise<LivedEvents> {
  const lived = { good: 0, poisoned: 0 }
  const pauseMs = (options.users * 1_000) / options.eventsPerSecond
  await Promise.all(
    Array.from({ length: options.users }, async () => {
      while (!options.signal.aborted) await liveOne(options, pauseMs, lived)
    }),
  )
  return lived
}

async function liveOne(
  { calls: { auth, users }, random, signal }: LivesOptions,
  pauseMs: number,
  lived: { good: number; poisoned: number },
): Promise<void> {
  let displayName = drawName()
  const signUp = makeSignUp(displayName)
  const pause = () => sleep(2 * pauseMs * random.next(), undefined, { signal }).catch(() => undefined)
  const { user } = await users.createUser(signUp)
  const userId = user?.id ?? ''
  for (let n = random.whole(5, 40); n > 0 && !signal.aborted; n -= 1) {
    await pause()
    if (random.next() < 0.6) {
      displayName = drawName(displayName)
      await users.updateUser({ userId, displayName })
      continue
    }
    const { tokens } = await auth.login({ identifier: signUp.username, password })
    lived.good += 1
    await pause()
    await auth.logout({ token: { case: 'accessToken', value: tokens?.accessToken ?? '' } })
    lived.good += 1
  }

  /** The event that carries it is counted before it is acknowledged: a refusal ends the run. Never the name as it is: that changes nothing and makes no event. */
  function drawName(present?: string): string {
    const isPoison = random.next() < poisonShare
    if (isPoison) lived.poisoned += 1
    else lived.good += 1
    return isPoison
      ? random.pick(poisons.filter((name) => name !== present))
      : `n${randomBytes(6).toString('hex')}`
  }
}

function makeSignUp(displayName: string) {
  const username = `u${randomBytes(8).toString('hex')}`
  return { username, password, email: `${username}@example.org`, displayName }
}

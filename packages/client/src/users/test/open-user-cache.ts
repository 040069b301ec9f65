import type { TestContext } from 'node:test'
import { UserStatus } from '@immersiverse/auth-contract'
import { RpcError } from '../../grpc/index.ts'
import type { FreshnessStatus } from '../../verifier/index.ts'
import { VirtualClock, VirtualTime } from '../../verifier/test/virtual-time.ts'
import type { CachedUser } from '../cached-user.ts'
import { type CachedUsersParts, openCachedUsers } from '../open-cached-users.ts'
import type { UserChanges } from '../user-state-source.ts'

/** An active user at a version. */
export function makeUser(id: string, version = 1): CachedUser {
  const traits = { status: UserStatus.ACTIVE, roles: ['user'], subscriptionTier: 'FREE' }
  return { id, username: id, displayName: `name ${version}`, ...traits, version: BigInt(version) }
}

/** A cache over a database of three users that is as fresh, and as reachable, as a test says. */
export function openWorld(t: TestContext, options: Partial<CachedUsersParts> = {}) {
  const time = new VirtualTime()
  const stored = new Map(['u1', 'u2', 'u3'].map((id) => [id, makeUser(id)]))
  const world = {
    time,
    stored,
    asked: [] as string[],
    batches: [] as string[][],
    warned: 0,
    listed: 0,
    state: 'FRESH' as FreshnessStatus['state'],
    /** What every call fails with. */
    failure: undefined as RpcError | undefined,
    /** Awaited by every call, between the look-up and the answer. */
    delay: undefined as Promise<void> | undefined,
    changes: undefined as UserChanges | undefined,
    failFeed: undefined as ((error: Error) => void) | undefined,
  }
  const answer = async <T>(value: T): Promise<T> => {
    await world.delay
    if (world.failure) throw world.failure
    return value
  }
  const users = openCachedUsers({
    clock: new VirtualClock(time),
    logger: { warn: () => world.warned++, error: () => undefined },
    freshness: { readFreshness: () => ({ state: world.state }) as FreshnessStatus },
    random: () => 0.5,
    source: {
      silenceMs: 15_000,
      async *list() {
        world.listed++
        for (const user of [...stored.values()]) yield await answer([user])
      },
      follow: (changes, signal) =>
        new Promise((resolve, reject) => {
          Object.assign(world, { changes, failFeed: reject })
          signal.addEventListener('abort', () => resolve(), { once: true })
        }),
    },
    client: {
      getUser: async ({ by }) => {
        const id = String(by?.value)
        world.asked.push(id)
        const user = await answer(stored.get(id))
        if (user === undefined) throw new RpcError('NOT_FOUND', 'USER_NOT_FOUND', 'nobody')
        return { user } as never
      },
      batchGetUsers: async ({ userIds = [] }) => {
        world.batches.push([...userIds])
        const there = userIds.flatMap((id) => stored.get(id) ?? [])
        const missingUserIds = userIds.filter((id) => !stored.has(id))
        return (await answer({ users: there, missingUserIds })) as never
      },
    },
    ...options,
  })
  t.after(() => users.close())
  return Object.assign(world, {
    users,
    suspend: (subject: string) => users.hear({ type: 'user', subject, minTv: 2 }),
  })
}

/** The same, once it is warm. */
export async function openWarm(t: TestContext, options: Partial<CachedUsersParts> = {}) {
  const world = openWorld(t, options)
  world.users.begin('e')
  await world.users.warm()
  return world
}

import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import { makeCredentials } from '../load/person.ts'
import type { Random } from '../make-random.ts'
import type { Calls, Replica } from '../world/world.ts'

/** A write that was answered OK: the user is there, and has this name or a later one. */
export interface AcknowledgedWrite {
  readonly userId: string
  /** The user's version that was acknowledged. */
  readonly version: bigint
}

/** People who write all the time, until closed. */
export interface WriteLoad {
  readonly acknowledged: readonly AcknowledgedWrite[]
  /** Calls that did not end OK: UNAVAILABLE by its code, others by what they say. */
  readonly errors: ReadonlyMap<string, number>
  close(): Promise<void>
}

const places = 16
const changes = 3

/** Begins: in each place somebody signs up, changes names, logs in, refreshes, has the token validated, and is followed by the next. */
export function openWriteLoad(replicas: readonly Replica[], random: Random): WriteLoad {
  const acknowledged: AcknowledgedWrite[] = []
  const errors = new Map<string, number>()
  let isOver = false
  /** As a caller does it: UNAVAILABLE is tried again, at either replica. Undefined where it was something else. */
  const call = async <T>(ask: (calls: Calls) => Promise<T>): Promise<T | undefined> => {
    for (;;) {
      try {
        return await ask(random.pick(replicas).direct)
      } catch (error) {
        const isUnavailable = error instanceof RpcError && error.code === 'UNAVAILABLE'
        const told = isUnavailable ? error.code : String(error)
        errors.set(told, (errors.get(told) ?? 0) + 1)
        await sleep(random.whole(20, 100))
        if (!isUnavailable) return undefined
      }
    }
  }
  const keep = (user: { readonly id: string; readonly version: bigint } | undefined) => {
    if (user) acknowledged.push({ userId: user.id, version: user.version })
  }
  const liveOn = async () => {
    while (!isOver) {
      const { username, password } = makeCredentials()
      const requestId = crypto.randomUUID()
      const account = { username, password, email: `${username}@example.org`, requestId }
      const created = await call(({ users }) => users.createUser(account))
      const userId = created?.user?.id
      if (userId === undefined) continue
      keep(created?.user)
      for (let change = 1; change <= changes; change += 1) {
        const changed = await call(({ users }) => users.updateUser({ userId, displayName: `name ${change}` }))
        keep(changed?.user)
      }
      const loggedIn = await call(({ auth }) => auth.login({ identifier: username, password }))
      const refreshToken = loggedIn?.tokens?.refreshToken ?? ''
      const refreshed = await call(({ auth }) => auth.refreshToken({ refreshToken }))
      const accessToken = refreshed?.tokens?.accessToken ?? ''
      const answer = await call(({ auth }) => auth.validateToken({ accessToken }))
      if (answer && !answer.valid) errors.set('REFUSED', (errors.get('REFUSED') ?? 0) + 1)
    }
  }
  const running = Promise.all(Array.from({ length: places }, liveOn))
  return {
    acknowledged,
    errors,
    async close() {
      isOver = true
      await running
    },
  }
}

import assert from 'node:assert/strict'
import type { UserId } from '../domain/ids.ts'
import type { Database } from '../store/database.ts'
import { makeTestWrite, origin, toUserUpdated } from '../store/outbox-testing.ts'
import type { UserState } from '../store/user-states.ts'
import { eraseUser, updateUser } from '../store/users.ts'
import { RefusedError } from './sink.ts'
import type { LogReach, UserStateHeartbeat, UserStateSink } from './user-state-sink.ts'

/** A sink that keeps what it got, and fails or refuses as told. */
export interface MemoryStateSink extends UserStateSink {
  readonly written: (UserState | UserStateHeartbeat)[]
  takeOvers: number
  fails: boolean
  reach: LogReach | undefined
  refuses: (state: UserState) => boolean
}

/** Makes a sink in memory. */
export function makeStateSink(): MemoryStateSink {
  const written: (UserState | UserStateHeartbeat)[] = []
  return {
    written,
    takeOvers: 0,
    fails: false,
    reach: undefined,
    refuses: () => false,
    async takeOver() {
      this.takeOvers += 1
    },
    async publish(states) {
      if (states.some(this.refuses)) throw new RefusedError('MESSAGE_TOO_LARGE', { isOfTopic: false })
      // Written, and the answer lost: the worst of both.
      written.push(...states)
      if (this.fails) throw new Error('no answer')
    },
    async beat(heartbeat) {
      if (this.fails) throw new Error('no answer')
      written.push(heartbeat)
    },
    async findLastHeartbeat() {
      return this.reach
    },
    close: async () => undefined,
  }
}

/** Whether a record is a state; else it is a heartbeat. */
export const isState = (record: UserState | UserStateHeartbeat): record is UserState => 'version' in record

/** Changes a user's name, and tells; returns the version. */
export async function change(database: Database, userId: UserId, displayName: string): Promise<number> {
  const { version } = await makeTestWrite(database)(origin, async (trx, announce) => {
    const account = await updateUser(trx, userId, { displayName }, false)
    await announce(toUserUpdated(userId))
    return account
  })
  return version
}

/** Deletes a user, and tells. */
export async function remove(database: Database, userId: UserId): Promise<void> {
  await makeTestWrite(database)(origin, async (trx, announce) => {
    const { version } = await eraseUser(trx, userId)
    await announce({ name: 'user_deleted', userId, data: { userId, userVersion: BigInt(version) } })
  })
}

/** Versions only rise, and nothing stands behind a tombstone but the tombstone. */
export function assertNeverOlder(written: MemoryStateSink['written']): void {
  const last = new Map<string, UserState>()
  for (const state of written.filter(isState)) {
    const before = last.get(state.userId)
    assert.ok(before === undefined || state.version >= before.version, 'an older state behind a newer one')
    if (before && before.user === undefined) assert.equal(state.user, undefined, 'a deleted user is raised')
    last.set(state.userId, state)
  }
}

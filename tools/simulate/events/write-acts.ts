import { LoginFailureReason } from '@immersiverse/auth-contract'
import type { Origin } from '../../../services/auth/src/domain/caller.ts'
import type { SessionId, UserId } from '../../../services/auth/src/domain/ids.ts'
import { insertUserSequence } from '../../../services/auth/src/store/append-event.ts'
import { eraseUser, insertUser, lockAccount, updateUser } from '../../../services/auth/src/store/users.ts'
import { toRevokedSession, toRevokedUser } from '../../../services/auth/src/use-cases/to-revoked.ts'
import type { Random } from '../time/make-random.ts'
import type { WriteRecord } from './event-history.ts'
import type { EventProcess } from './event-process.ts'
import type { EventWorld } from './event-world.ts'

type Work = Parameters<EventProcess['write']>[1]

/** Users of a world, by their ids; those that were erased stay. */
export interface Users {
  readonly ids: UserId[]
}

/** One change that a caller asks for, as a use-case would write it. */
interface Act {
  readonly kind: string
  readonly share: number
  readonly work: (world: EventWorld, userId: UserId, record: WriteRecord) => Work
}

/** Why a transaction is rolled back that has announced already. */
class ChangedMindError extends Error {
  override readonly name = 'ChangedMindError'
}

const login = (world: EventWorld, userId: UserId) => ({
  name: 'login_succeeded' as const,
  userId,
  data: { userId, userVersion: 1n, sessionId: world.newId() },
})

const acts: readonly Act[] = [
  {
    kind: 'update',
    share: 5,
    work: (_world, userId, record) => async (trx, announce) => {
      if ((await lockAccount(trx, userId, 'update')) === undefined) return
      const { version } = await updateUser(trx, userId, { displayName: `name ${record.id}` }, false)
      record.version = version
      const data = { userId, userVersion: BigInt(version), changedFields: ['display_name'] }
      await announce({ name: 'user_updated', userId, data })
    },
  },
  {
    kind: 'login',
    share: 5,
    work: (world, userId) => async (trx, announce) => {
      if ((await lockAccount(trx, userId, 'share')) === undefined) return
      await announce(login(world, userId))
    },
  },
  {
    kind: 'two events',
    share: 1,
    work: (world, userId) => async (trx, announce) => {
      if ((await lockAccount(trx, userId, 'share')) === undefined) return
      await announce(login(world, userId))
      await announce(login(world, userId))
    },
  },
  {
    kind: 'refused login',
    share: 2,
    work:
      (_world, userId, { id }) =>
      async (_trx, announce) => {
        const data = { userId, reason: LoginFailureReason.WRONG_PASSWORD, identifierHash: `hash ${id % 3}` }
        await announce({ name: 'login_failed', key: data.identifierHash, data })
      },
  },
  {
    kind: 'log-out',
    share: 6,
    work: (world, userId, record) => async (trx, _announce, revoke) => {
      if ((await lockAccount(trx, userId, 'update')) === undefined) return
      const { entries } = await revoke(toRevokedSession(world.newId() as SessionId, 'LOGOUT'))
      record.revoked = entries.map(({ eventId }) => eventId)
    },
  },
  {
    kind: 'erasure',
    share: 1,
    work: (_world, userId, record) => async (trx, announce, revoke) => {
      if ((await lockAccount(trx, userId, 'update')) === undefined) return
      const { tokenVersion, version } = await eraseUser(trx, userId)
      record.version = version
      await announce({ name: 'user_deleted', userId, data: { userId, userVersion: BigInt(version) } })
      const { entries } = await revoke(toRevokedUser({ id: userId, tokenVersion }, 'USER_DELETED'))
      record.revoked = entries.map(({ eventId }) => eventId)
    },
  },
]
const shares = acts.reduce((sum, { share }) => sum + share, 0)

/** Signs a user up. */
export async function signUp(world: EventWorld, users: Users): Promise<void> {
  const id = world.newId() as UserId
  const name = `user${id.slice(-4)}`
  await writeRecorded(world, 'sign-up', id, (record) => async (trx, announce) => {
    const fields = { username: name, email: `${name}@example.org`, displayName: '', passwordHash: 'none' }
    const { version } = await insertUser(trx, { id, ...fields })
    await insertUserSequence(trx, id)
    record.version = version
    const data = { userId: id, userVersion: BigInt(version), username: name, displayName: '' }
    await announce({ name: 'user_created', userId: id, data })
  })
  users.ids.push(id)
}

/** Does something of a user's, or signs another up. */
export async function act(world: EventWorld, users: Users, random: Random): Promise<void> {
  const userId = random.findOne(users.ids)
  if (userId === undefined || random.chance(0.08)) return await signUp(world, users)
  let left = random.between(0, shares)
  const chosen = acts.find(({ share }) => {
    left -= share
    return left < 0
  })
  if (chosen === undefined) return
  const isUndone = random.chance(0.1)
  const waitMs = random.chance(0.15) ? random.between(20, random.chance(0.3) ? 2500 : 300) : 0
  await writeRecorded(world, chosen.kind, userId, (record, sleep) => async (...at) => {
    await chosen.work(world, userId, record)(...at)
    // Positions are drawn, and nobody sees the rows yet.
    if (waitMs > 0) await sleep(waitMs)
    if (isUndone) throw new ChangedMindError('rolled back')
  })
}

async function writeRecorded(
  world: EventWorld,
  kind: string,
  userId: UserId,
  toWork: (record: WriteRecord, sleep: (ms: number) => Promise<void>) => Work,
): Promise<void> {
  const { history, model } = world
  const slot = world.pick()
  if (slot?.running === undefined) return
  const { process, running } = slot
  const record = history.begin(kind, userId, process.name)
  const origin: Origin = { ip: '', userAgent: '', traceparent: `#${record.id}` }
  await new Promise<void>((resolve) => process.deliver(resolve))
  try {
    await running.write(
      origin,
      toWork(record, (ms) => process.clock.sleep(ms)),
    )
    record.acknowledgedAt = model.clock.nowMs()
    history.note(() => `#${record.id} ${kind}: done`)
  } catch (error) {
    record.isUndone = error instanceof ChangedMindError
    history.note(() => `#${record.id} ${kind}: ${String(error)}`)
  }
}

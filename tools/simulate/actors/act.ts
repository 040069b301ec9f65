import { create } from '@bufbuild/protobuf'
import type { RevocationMark } from '@immersiverse/auth-client/verifier'
import { RevocationMarkSchema } from '@immersiverse/auth-contract'
import { toRevocationMark } from '../../../packages/client/src/grpc/to-revocation.ts'
import type { RevocationMark as ServiceMark } from '../../../services/auth/src/domain/revocation.ts'
import { toRevocationMarkMessage } from '../../../services/auth/src/rpc/revocation-messages.ts'
import type { UserRecord } from '../record/records.ts'
import type { World } from '../world/world.ts'
import type { Calls } from './calls.ts'
import type { Holder } from './holder.ts'
import { probeAfterwards, probeAround, probeTokens } from './probe.ts'

/** Who acts in a world. */
export interface Cast {
  readonly world: World
  readonly calls: Calls
  readonly holders: readonly Holder[]
  /** Gives every password a number of its own. */
  nextPassword: number
}

/** Something that somebody does; rejects where the call failed. */
export type Act = (cast: Cast, holder: Holder) => Promise<void>

/** What is done, each with how often. */
export const acts: readonly (readonly [number, Act])[] = [
  [16, (_cast, holder) => holder.logIn()],
  [22, (_cast, holder) => (holder.refreshToken ? holder.refresh() : holder.logIn())],
  [
    8,
    (cast, holder) =>
      holder.refreshAtOnce(2 + cast.world.random.below(cast.world.random.chance(0.1) ? 63 : 4)),
  ],
  [10, steal],
  [10, logOut],
  [6, logOutEverywhere],
  [6, revokeSession],
  [8, suspend],
  [8, changePassword],
  [6, setRoles],
  [3, deleteUser],
  [14, race],
  [6, revokeTwo],
  [6, rotateKeys],
  [3, revokeKey],
]

/** A copy of the refresh token is used later: from elsewhere, or from the same place as its owner. */
async function steal({ calls, world }: Cast, holder: Holder): Promise<void> {
  const { random, time } = world
  const token = holder.refreshToken
  if (token === undefined) return
  const device = random.chance(0.6) ? { ...holder.device, ip: '203.0.113.66' } : holder.device
  await new Promise<void>((resolve) => time.after(random.between(0, 3000), resolve))
  const given = await calls.refresh(token, device)
  if (random.chance(0.5)) await calls.refresh(given.refresh, device)
}

async function logOut(cast: Cast, holder: Holder): Promise<void> {
  const token = holder.accessToken
  if (token === undefined) return
  await revoke(cast, holder.user, () => cast.calls.logout(token, false))
}

async function logOutEverywhere(cast: Cast, holder: Holder): Promise<void> {
  const token = holder.accessToken
  if (token === undefined) return
  await revoke(cast, holder.user, () => cast.calls.logout(token, true))
}

async function revokeSession(cast: Cast, { user }: Holder): Promise<void> {
  const session = cast.world.random.findOne(user.sessions)
  if (session === undefined) return
  await revoke(cast, user, () => cast.calls.revokeSession(user, session.id))
}

async function suspend(cast: Cast, { user }: Holder): Promise<void> {
  const { random, time } = cast.world
  await revoke(cast, user, () => cast.calls.setStatus(user, 'SUSPENDED'))
  await new Promise<void>((resolve) => time.after(random.between(0, 800), resolve))
  await cast.calls.setStatus(user, 'ACTIVE')
}

async function changePassword(cast: Cast, { refreshToken, user }: Holder): Promise<void> {
  const passwords = [user.password, cast.nextPassword++] as const
  const keep = cast.world.random.chance(0.5) ? (refreshToken?.sessionId ?? '') : ''
  await revoke(cast, user, () => cast.calls.changePassword(user, passwords, keep))
}

async function setRoles(cast: Cast, { user }: Holder): Promise<void> {
  const role = `role-${cast.nextPassword++}`
  await revoke(cast, user, () => cast.calls.setRoles(user, [role]))
}

/** Somebody logs in or refreshes while the same user is suspended, logged out or changed (R9). */
async function race(cast: Cast, holder: Holder): Promise<void> {
  const { random, time } = cast.world
  const revoking = random.chooseOne([suspend, logOutEverywhere, changePassword, logOut, deleteUser, setRoles])
  const other = cast.holders.find((one) => one !== holder && one.user === holder.user) ?? holder
  const issuing = random.chance(0.6) ? other.logIn() : other.refresh()
  await new Promise<void>((resolve) => time.after(random.between(0, 12), resolve))
  await Promise.allSettled([issuing, revoking(cast, holder)])
}

/** Two users are revoked at once: their entries commit in one order or the other. */
async function revokeTwo(cast: Cast, holder: Holder): Promise<void> {
  const { random, time } = cast.world
  const other = cast.holders.find((one) => one.user !== holder.user) ?? holder
  const first = setRoles(cast, holder)
  await new Promise<void>((resolve) => time.after(random.between(0, 1.5), resolve))
  await Promise.allSettled([first, logOut(cast, other)])
}

/** An operator has keys replaced: those that sign, or those behind refresh tokens (R10, T2). */
async function rotateKeys({ calls, world: { random } }: Cast): Promise<void> {
  await calls.rotateKeys(random.chance(0.6) ? 'signing' : 'refresh', random.chance(0.5))
}

/** A key is known to others: all that it has signed is refused, whoever signed it. */
async function revokeKey({ calls, world }: Cast): Promise<void> {
  const keyId = world.random.findOne(world.history.tokens.slice(-6))?.keyId
  if (keyId === undefined) return
  const mark = await calls.revokeKey(keyId)
  const signed = world.history.tokens.filter((token) => token.keyId === keyId).slice(-4)
  if (mark !== undefined) probeTokens(world, signed, toClientMark(mark))
}

async function deleteUser(cast: Cast, { user }: Holder): Promise<void> {
  await revoke(cast, user, () => cast.calls.deleteUser(user))
}

/** Revokes, while the user's tokens are being verified before, during and after. */
async function revoke(cast: Cast, user: UserRecord, call: () => Promise<ServiceMark>): Promise<void> {
  probeAround(cast.world, user)
  const mark = await call()
  probeAfterwards(cast.world, user, toClientMark(mark))
}

function toClientMark(mark: ServiceMark): RevocationMark {
  return toRevocationMark(create(RevocationMarkSchema, toRevocationMarkMessage(mark)))
}

import type { RevocationMark } from '@immersiverse/auth-client/verifier'
import type { AccessTokenRecord, UserRecord } from '../record/records.ts'
import { validateRecorded } from '../record/validate-recorded.ts'
import { verifyRecorded } from '../record/verify-recorded.ts'
import type { VerifyingProcess } from '../world/open-verifying-process.ts'
import type { World } from '../world/world.ts'

const latestCount = 4
const strictDeadlineMs = 1500

/** Verifies tokens in all verifying processes for ever: new ones, old ones, revoked ones. */
export function probe(world: World, everyTurn: () => void): void {
  for (const verifier of world.verifiers) {
    const everyMs = world.random.between(50, 140)
    const turn = () => {
      everyTurn()
      probeOnce(world, verifier)
      world.time.after(everyMs, turn)
    }
    world.time.after(world.random.between(0, everyMs), turn)
  }
}

/** Verifies one token in a process, where it runs. */
export function verifyIn(
  world: World,
  verifier: VerifyingProcess,
  token: AccessTokenRecord,
  atLeast?: RevocationMark,
): void {
  if (!verifier.process.isRunning) return
  const { maxStalenessMs } = world.settings
  // Some routes are content with an older view, or want a newer one.
  const ownMs = world.random.chance(0.1) ? world.random.between(200, 4000) : undefined
  const options = {
    ...(ownMs === undefined ? {} : { maxStalenessMs: ownMs }),
    ...(atLeast === undefined ? {} : { atLeast }),
  }
  void verifyRecorded(world.history, verifier, token, ownMs ?? maxStalenessMs, options)
}

/** Asks an instance strictly, from outside. */
export function validateIn(world: World, token: AccessTokenRecord): void {
  const auth = world.pick()
  if (auth === undefined) return
  world.network
    .call(world.outside, auth.process, strictDeadlineMs, () =>
      validateRecorded(world.history, auth, token.text),
    )
    .catch(() => undefined)
}

/** Asks about a user's tokens while something is about to be revoked. */
export function probeAround(world: World, user: UserRecord): void {
  const tokens = user.sessions.slice(-3).flatMap((session) => session.tokens.slice(-2))
  for (let n = 0; n < 4; n++) {
    const token = world.random.findOne(tokens)
    if (token === undefined) continue
    world.time.after(world.random.between(0, 12), () => validateIn(world, token))
    const verifier = world.random.findOne(world.verifiers)
    if (verifier !== undefined)
      world.time.after(world.random.between(0, 12), () => verifyIn(world, verifier, token))
  }
}

/** Asks about a user's tokens right after a revoking call has returned, with its mark and without. */
export function probeAfterwards(world: World, user: UserRecord, mark: RevocationMark): void {
  const tokens = user.sessions.slice(-4).flatMap((session) => session.tokens.slice(-2))
  probeTokens(world, tokens.slice(-4), mark)
}

/** Asks about tokens right after a call that may have revoked them. */
export function probeTokens(world: World, tokens: readonly AccessTokenRecord[], mark: RevocationMark): void {
  const { random } = world
  for (const token of tokens) {
    world.time.after(random.between(0, 4), () => validateIn(world, token))
    const verifier = random.findOne(world.verifiers)
    if (verifier !== undefined)
      world.time.after(random.between(0.1, 3), () => verifyIn(world, verifier, token))
    if (verifier !== undefined && mark.entries.length > 0 && token.revokedMs !== undefined) {
      verifyIn(world, verifier, token, isCovered(token, mark) ? mark : undefined)
    }
  }
}

function isCovered({ claims, keyId }: AccessTokenRecord, { entries }: RevocationMark): boolean {
  return entries.some((entry) =>
    entry.type === 'user'
      ? entry.subject === claims.sub && claims.tv < entry.minTv
      : entry.subject === (entry.type === 'key' ? keyId : claims.sid),
  )
}

function probeOnce(world: World, verifier: VerifyingProcess): void {
  const { history, random } = world
  const chosen = [random.findOne(history.tokens.slice(-latestCount)), random.findOne(history.tokens)]
  const tokens = [random.findOne(history.revoked), ...chosen].filter((token) => token !== undefined)
  // A view that is not FRESH asks ValidateToken every time: one question a turn says as much.
  const isFresh = verifier.follower.readFreshness().state === 'FRESH'
  for (const token of isFresh ? tokens : tokens.slice(0, 1)) verifyIn(world, verifier, token)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import type { TokenPair } from '@immersiverse/auth-contract'
import { makeCredentials } from '../load/person.ts'
import { makeRandom, type Random } from '../make-random.ts'
import type { Violation } from '../verdicts/judge-probe.ts'
import { awaitRecovery } from '../world/await-recovery.ts'
import { openWorld } from '../world/open-world.ts'
import type { Calls, Replica } from '../world/world.ts'
import { type RaceKind, type Racer, raceKinds } from './race-kinds.ts'

/** What a run is asked for. */
export interface RacesRun {
  /** Of all kinds together. */
  readonly count: number
  readonly seed: number
  readonly keep?: boolean
  readonly signal: AbortSignal
}

/** How many there were of a kind, and in how many the tokens were issued. */
export interface RaceCount {
  races: number
  issued: number
}

/** How it went. */
export interface RacesResult {
  readonly counts: ReadonlyMap<string, RaceCount>
  readonly violations: readonly Violation[]
  readonly tookMs: number
}

const racersAtOnce = 32
/** One of both begins later by up to so much, so that now one wins and now the other. */
const headStartMs = 6

/** Lets logins and refreshes race with revocations on two replicas, and looks on both whether any token that came out works (R9, T10). */
export async function runRaces({ count, seed, signal, keep = false }: RacesRun): Promise<RacesResult> {
  await using world = await openWorld({ kafka: false, verifiers: false, keep })
  await awaitRecovery(world, signal)
  const begunAtMs = performance.now()
  const random = makeRandom(seed)
  const counts = new Map(raceKinds.map(({ name }) => [name, { races: 0, issued: 0 }]))
  const violations: Violation[] = []
  let next = 0
  const raceOn = async () => {
    for (let n = next++; n < count && !signal.aborted; n = next++) {
      const kind = raceKinds[n % raceKinds.length] as RaceKind
      const pairs = await race(kind, world.replicas, random)
      const counted = counts.get(kind.name) as RaceCount
      counted.races += 1
      counted.issued += pairs.length - 1
      for (const pair of pairs) violations.push(...(await findLife(kind, pair, world.replicas)))
    }
  }
  await Promise.all(Array.from({ length: racersAtOnce }, raceOn))
  return { counts, violations, tookMs: performance.now() - begunAtMs }
}

/** One race. Returns the pairs that were issued: that of before, and the one that was raced for where it came. */
async function race(kind: RaceKind, replicas: readonly Replica[], random: Random): Promise<TokenPair[]> {
  const racer = await makeRacer(random.pick(replicas).direct)
  const [issuer, revoker] = [random.pick(replicas).direct, random.pick(replicas).direct]
  // A login has a password to check first.
  const headStart = (random.next() * 2 - 1) * headStartMs - (kind.issue === 'login' ? headStartMs / 2 : 0)
  const revoked = wait(-headStart).then(() => kind.revoke(revoker, racer))
  const issued = wait(headStart).then(() => issue(kind, issuer, racer))
  const [pair] = await Promise.all([issued, revoked])
  return pair === undefined ? [racer.tokens] : [racer.tokens, pair]
}

const wait = async (ms: number) => void (ms > 0 && (await sleep(ms)))

/** The pair, or undefined where the revocation came first. */
async function issue(kind: RaceKind, { auth }: Calls, racer: Racer): Promise<TokenPair | undefined> {
  try {
    const { tokens } =
      kind.issue === 'login'
        ? await auth.login({ identifier: racer.username, password: racer.password })
        : await auth.refreshToken({ refreshToken: racer.tokens.refreshToken })
    return tokens
  } catch (error) {
    if (error instanceof RpcError && ['UNAUTHENTICATED', 'PERMISSION_DENIED'].includes(error.code))
      return undefined
    throw error
  }
}

/** Whether a pair is good for anything still, on any replica. */
async function findLife(kind: RaceKind, pair: TokenPair, replicas: readonly Replica[]): Promise<Violation[]> {
  const lives = await Promise.all(
    replicas.map(async ({ name, direct: { auth } }) => {
      const { valid } = await auth.validateToken({ accessToken: pair.accessToken })
      const refreshed = await auth.refreshToken({ refreshToken: pair.refreshToken }).then(
        () => true,
        (error) => {
          if (error instanceof RpcError && error.code === 'UNAUTHENTICATED') return false
          throw error
        },
      )
      return valid || refreshed
        ? `after a ${kind.name} ${name} takes its ${valid ? 'access' : 'refresh'} token`
        : ''
    }),
  )
  return lives.filter((told) => told !== '').map((told) => ({ property: 'R9', told }))
}

async function makeRacer({ auth, users }: Calls): Promise<Racer> {
  const { username, password } = makeCredentials()
  const { user } = await users.createUser({ username, password, email: `${username}@example.org` })
  const { tokens } = await auth.login({ identifier: username, password })
  if (user === undefined || tokens === undefined) throw new TypeError('a racer could not be made')
  return { userId: user.id, username, password, tokens }
}

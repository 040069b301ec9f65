import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '@immersiverse/auth-client'
import { makeCredentials } from '../load/person.ts'
import type { Random } from '../make-random.ts'
import type { Calls, Replica } from '../world/world.ts'
import type { RefreshCall } from './judge-family.ts'

/** A family, all that was ever asked of it, and what came out. */
export interface LivedFamily {
  readonly first: string
  readonly calls: readonly RefreshCall[]
  readonly accessTokens: readonly string[]
  /** A token was refused: all of the family's tokens must be. */
  readonly hasEnded: boolean
  /** Refreshes once more, with the latest token, now that nothing is wrong any more. */
  refreshInPeace(calls: Calls): Promise<void>
}

/** What the clients of a family need. */
export interface FamilyLife {
  readonly replicas: readonly Replica[]
  readonly random: Random
  /** No new rounds. */
  readonly signal: AbortSignal
}

const roundsPerClient = 6
const mostTries = 5

/**
 * Logs somebody in and lets two to four clients share the session: each sends the latest token it knows of, and the same one again where no
 * answer came. Undefined where nobody could be logged in.
 */
export async function liveFamily(life: FamilyLife): Promise<LivedFamily | undefined> {
  const { replicas, random, signal } = life
  const first = await logIn(random.pick(replicas).direct).catch(() => undefined)
  if (first === undefined) return undefined
  const family: Shared = {
    first: first.refreshToken,
    latest: first.refreshToken,
    calls: [],
    accessTokens: [first.accessToken],
    hasEnded: false,
    refreshInPeace: async (calls) => void (await refresh(calls, family)),
  }
  const client = async () => {
    for (let round = 0; round < roundsPerClient && !family.hasEnded && !signal.aborted; round += 1) {
      await refreshUntilAnswered(life, family)
      await sleep(random.whole(0, 250))
    }
  }
  await Promise.all(Array.from({ length: random.whole(2, 4) }, client))
  return family
}

interface Shared extends LivedFamily {
  latest: string
  readonly calls: RefreshCall[]
  readonly accessTokens: string[]
  hasEnded: boolean
}

async function refreshUntilAnswered({ replicas, random }: FamilyLife, family: Shared): Promise<void> {
  const sent = family.latest
  for (let attempt = 0; attempt < mostTries; attempt += 1) {
    if ((await refresh(random.pick(replicas).users, family, sent)) !== undefined) return
    await sleep(random.whole(20, 200))
  }
}

/** Refreshes and writes it down; resolves with the answer, if there was one. */
async function refresh(calls: Calls, family: Shared, sent = family.latest): Promise<string | undefined> {
  const startedAtMs = performance.now()
  const answer = await refreshOnce(calls, sent, family.accessTokens)
  const endedAtMs = answer === undefined ? undefined : performance.now()
  family.calls.push({ sent, answer, startedAtMs, endedAtMs })
  if (answer === 'REFUSED') family.hasEnded = true
  else if (answer !== undefined && family.latest === sent) family.latest = answer
  return answer
}

/** The next refresh token, `REFUSED`, or undefined where there is no telling what was done. */
async function refreshOnce(
  { auth }: Calls,
  refreshToken: string,
  accessTokens: string[],
): Promise<string | undefined> {
  try {
    const { tokens } = await auth.refreshToken({ refreshToken, client: { clientId: 'chaos' } })
    if (tokens === undefined) throw new TypeError('RefreshToken answered without tokens')
    accessTokens.push(tokens.accessToken)
    return tokens.refreshToken
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    return error.code === 'UNAUTHENTICATED' ? 'REFUSED' : undefined
  }
}

async function logIn({ auth, users }: Calls) {
  const { username, password } = makeCredentials()
  await users.createUser({ username, password, email: `${username}@example.org` })
  const client = { clientId: 'chaos' }
  const { tokens } = await auth.login({ identifier: username, password, client })
  return tokens
}

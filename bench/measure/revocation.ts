import { type Auth, AuthError, connectAuth } from '@immersiverse/auth-client'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService } from '@immersiverse/auth-contract'
import type { Figure } from '../figures.ts'
import { openReplicas } from '../open-replicas.ts'
import { tell, type World } from '../world.ts'

/** Log-outs of each figure. */
const revocations = 1000

/** A service that verifies locally, and how it follows revocations. */
interface Follower {
  readonly name: string
  readonly auth: Auth
  readonly latenciesMs: number[]
}

/**
 * From the answer of a log-out to the first refusal by another process that verifies locally. On PostgreSQL with two replicas and Kafka, all
 * kinds of followers at once, so that they see the same log-outs: first those at the replica that leads, then those at the other.
 * Embedded, one process and WatchRevocations alone; there it takes the sessions that were seeded, so it comes last.
 */
export async function measureRevocation(world: World): Promise<Figure[]> {
  tell('revocation: from the log-out to the refusal elsewhere')
  if (world.database.url === undefined) {
    const address = `127.0.0.1:${world.service.port}`
    await using auth = await connectAuth({ address, verification: 'local' })
    const tokens = world.seed.users.map(({ accessToken }) => accessToken)
    return await measureAt(address, tokens, [{ name: 'WatchRevocations', auth, latenciesMs: [] }], 'log-out')
  }
  await using replicas = await openReplicas(world, 2 * revocations)
  const { brokers, leader, other } = replicas
  const local = { verification: 'local', readyTimeoutMs: 30_000 } as const
  await using atLeader = await connectAuth({ ...local, address: leader })
  await using atOther = await connectAuth({ ...local, address: other })
  const kafka = { brokers: brokers.split(',') }
  await using overKafka = await connectAuth({ ...local, address: other, revocations: 'kafka', kafka })
  const open = (): Follower[] => [
    { name: 'WatchRevocations of the leader', auth: atLeader, latenciesMs: [] },
    { name: 'WatchRevocations of the other replica', auth: atOther, latenciesMs: [] },
    { name: 'Kafka', auth: overKafka, latenciesMs: [] },
  ]
  const tokens = replicas.users.map(({ accessToken }) => accessToken)
  return [
    ...(await measureAt(leader, tokens.slice(0, revocations), open(), 'log-out at the leader')),
    ...(await measureAt(other, tokens.slice(revocations), open(), 'log-out at the other replica')),
  ]
}

async function measureAt(
  address: string,
  tokens: readonly string[],
  followers: readonly Follower[],
  title: string,
): Promise<Figure[]> {
  const channel = openChannel({ address })
  const client = makeGrpcClient(AuthService, channel)
  for (const token of tokens) {
    for (const { auth } of followers) await auth.verify(token)
    await client.logout({ token: { case: 'accessToken', value: token } })
    const answeredAt = performance.now()
    const waiting = new Set(followers)
    while (waiting.size > 0) {
      for (const follower of waiting) {
        if (!(await isRevoked(follower.auth, token))) continue
        follower.latenciesMs.push(performance.now() - answeredAt)
        waiting.delete(follower)
      }
      await new Promise(setImmediate)
    }
  }
  channel.close()
  return followers.map((follower) => toFigure(follower, title))
}

function toFigure({ auth, latenciesMs, name }: Follower, title: string): Figure {
  const status = auth.status()
  if (status.verification !== 'local' || status.counts.remote > 0) {
    throw new Error('a verification was not decided in process')
  }
  const sorted = latenciesMs.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  const facts = `${sorted.length} times, at most ${at(1).toFixed(1)} ms`
  return { name: `${title} to local refusal by ${name}, ${facts}`, p50Ms: at(0.5), p99Ms: at(0.99) }
}

async function isRevoked(auth: Auth, token: string): Promise<boolean> {
  try {
    await auth.verify(token)
    return false
  } catch (error) {
    if (error instanceof AuthError && error.reason === 'REVOKED') return true
    throw error
  }
}

import { type Auth, AuthError, connectAuth } from '@immersiverse/auth-client'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService } from '@immersiverse/auth-contract'
import type { Figure } from '../figures.ts'
import { tell, type World } from '../world.ts'

const revocations = 1000

/**
 * From the answer of a log-out to the first refusal by another process that verifies locally and follows WatchRevocations. It takes the
 * sessions that were seeded, so it comes last.
 */
export async function measureRevocation(world: World): Promise<Figure[]> {
  tell('revocation: from the log-out to the refusal elsewhere')
  const address = `127.0.0.1:${world.service.port}`
  await using auth = await connectAuth({ address, verification: 'local' })
  const channel = openChannel({ address })
  const client = makeGrpcClient(AuthService, channel)
  const latencies: number[] = []
  for (const { accessToken } of world.seed.users.slice(0, revocations)) {
    await auth.verify(accessToken)
    await client.logout({ token: { case: 'accessToken', value: accessToken } })
    const answeredAt = performance.now()
    while (!(await isRevoked(auth, accessToken))) await new Promise(setImmediate)
    latencies.push(performance.now() - answeredAt)
  }
  channel.close()
  const status = auth.status()
  if (status.verification !== 'local' || status.counts.remote > 0) {
    throw new Error('a verification was not decided in process')
  }
  const sorted = latencies.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  const name = `log-out to local refusal, ${sorted.length} times, at most ${at(1).toFixed(1)} ms`
  return [{ name, p50Ms: at(0.5), p99Ms: at(0.99) }]
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

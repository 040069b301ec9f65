import { setTimeout as sleep } from 'node:timers/promises'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import type { Target } from './attacks/attack.ts'

/** What it has seen of one way to ask. */
export interface Sample {
  readonly latenciesMs: readonly number[]
  readonly failures: readonly string[]
}

/** Asks ValidateToken over gRPC and over the edge, each at a steady rate, whatever the answers take. */
export interface GoodClient extends AsyncDisposable {
  /** What was asked since the last call. */
  take(): { readonly grpc: Sample; readonly edge: Sample }
}

const everyMs = 20
const deadlineMs = 5_000

/** Signs up, logs in and begins to ask. */
export async function openGoodClient({ grpcPort, edgePort }: Target): Promise<GoodClient> {
  const channel = openChannel({ address: `127.0.0.1:${grpcPort}` })
  const auth = makeGrpcClient(AuthService, channel, { deadlineMs })
  const users = makeGrpcClient(UserService, channel, { deadlineMs })
  const account = { username: 'good', email: 'good@example.org', password: 'correct horse battery' }
  await users.createUser(account)
  const { tokens } = await auth.login({ identifier: account.username, password: account.password })
  const accessToken = tokens?.accessToken ?? ''
  const stop = new AbortController()
  const grpc = keepAsking(stop.signal, async () => (await auth.validateToken({ accessToken })).valid)
  const edge = keepAsking(stop.signal, () => askEdge(edgePort, accessToken))
  return {
    take: () => ({ grpc: grpc.take(), edge: edge.take() }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all([grpc.ended, edge.ended])
      channel.close()
    },
  }
}

async function askEdge(port: number, accessToken: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/auth/validate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accessToken }),
    signal: AbortSignal.timeout(deadlineMs),
  })
  const { valid } = (await answer.json()) as { valid: boolean }
  return valid
}

/** An open loop: a slow answer does not spare the service the next question. */
function keepAsking(signal: AbortSignal, ask: () => Promise<boolean>) {
  const latenciesMs: number[] = []
  const failures: string[] = []
  const askOnce = async () => {
    const startMs = performance.now()
    try {
      if (await ask()) latenciesMs.push(performance.now() - startMs)
      else failures.push('a live token was refused')
    } catch (error) {
      failures.push(error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error))
    }
  }
  const run = async () => {
    const asked: Promise<void>[] = []
    while (!signal.aborted) {
      asked.push(askOnce())
      await sleep(everyMs)
    }
    await Promise.all(asked)
  }
  const take = (): Sample => ({ latenciesMs: latenciesMs.splice(0), failures: failures.splice(0) })
  return { ended: run(), take }
}

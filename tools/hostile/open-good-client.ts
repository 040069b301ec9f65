import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
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
const deadlineMs = 10_000
/** A token lives ten minutes, and a whole run takes longer. */
const renewEveryMs = 60_000
/** More would say that the machine is too slow for the rate, not that an attack has got through. */
const mostWaiting = 32
/** Connections to the edge, at most; what waits for one of them is measured too. */
export const edgeConnections = 16

/** Signs up, logs in and begins to ask. */
export async function openGoodClient({ grpcPort, edgePort }: Target): Promise<GoodClient> {
  const channel = openChannel({ address: `127.0.0.1:${grpcPort}` })
  const auth = makeGrpcClient(AuthService, channel, { deadlineMs })
  const users = makeGrpcClient(UserService, channel, { deadlineMs })
  const account = { username: 'good', email: 'good@example.org', password: 'correct horse battery' }
  await users.createUser(account)
  let { tokens } = await auth.login({ identifier: account.username, password: account.password })
  const agent = new Agent({ keepAlive: true, maxSockets: edgeConnections })
  const stop = new AbortController()
  const getToken = () => tokens?.accessToken ?? ''
  const grpc = keepAsking(
    stop.signal,
    async () => (await auth.validateToken({ accessToken: getToken() })).valid,
  )
  const edge = keepAsking(stop.signal, () => askEdge(agent, edgePort, getToken()))
  const renew = async () => {
    const { refreshToken = '' } = tokens ?? {}
    // Where the service cannot answer now there is time left for the next try.
    const answer = await auth.refreshToken({ refreshToken }).catch(() => undefined)
    tokens = answer?.tokens ?? tokens
  }
  const renewing = setInterval(() => void renew(), renewEveryMs)
  return {
    take: () => ({ grpc: grpc.take(), edge: edge.take() }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      clearInterval(renewing)
      await Promise.all([grpc.ended, edge.ended])
      channel.close()
      agent.destroy()
    },
  }
}

async function askEdge(agent: Agent, port: number, accessToken: string): Promise<boolean> {
  const request = httpRequest({
    agent,
    port,
    method: 'POST',
    path: '/v1/auth/validate',
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(deadlineMs),
  })
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.end(JSON.stringify({ accessToken }))
  const [answer] = await answered
  const { valid } = (await json(answer)) as { valid: boolean }
  return valid
}

/** An open loop, within reason: a slow answer does not spare the service the next question. */
function keepAsking(signal: AbortSignal, ask: () => Promise<boolean>) {
  const latenciesMs: number[] = []
  const failures: string[] = []
  let waiting = 0
  const askOnce = async () => {
    const startMs = performance.now()
    waiting += 1
    try {
      if (await ask()) latenciesMs.push(performance.now() - startMs)
      else failures.push('a live token was refused')
    } catch (error) {
      failures.push(error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error))
    }
    waiting -= 1
  }
  const run = async () => {
    const asked: Promise<void>[] = []
    while (!signal.aborted) {
      if (waiting < mostWaiting) asked.push(askOnce())
      await sleep(everyMs)
    }
    await Promise.all(asked)
  }
  const take = (): Sample => ({ latenciesMs: latenciesMs.splice(0), failures: failures.splice(0) })
  return { ended: run(), take }
}

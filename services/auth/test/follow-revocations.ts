import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { makeKafkaRevocationSource } from '@immersiverse/auth-client/events'
import { makeRevocationSource } from '@immersiverse/auth-client/grpc'
import {
  openRevocationFollower,
  RevocationDoubt,
  type RevocationFollower,
  type RevocationFollowerOptions,
  type RevocationSource,
  systemClock,
  toTokenSubjects,
} from '@immersiverse/auth-client/verifier'
import { until } from '../src/store/outbox-testing.ts'
import type { TestClients } from './open-test-auth.ts'

/** The two sources of revocations: the same records, the same promise. */
export type SourceName = 'watch' | 'kafka'

/** Where a follower of a test reads. */
export interface FollowOptions extends Partial<RevocationFollowerOptions> {
  readonly clients: Pick<TestClients, 'auth'>
  readonly brokers?: string
  readonly topicPrefix?: string
}

/** A follower, and what a test asks of it. */
export interface Followed {
  readonly follower: RevocationFollower
  /** What has been doubted so far, in order. */
  readonly doubts: readonly string[]
  /** How often the snapshot was asked for. */
  readonly snapshots: () => number
  isRevoked(sessionId: string): boolean
  untilFresh(): Promise<void>
  untilRevoked(sessionId: string): Promise<void>
}

/** Makes a source by its name. */
export function makeTestSource({ clients, brokers, topicPrefix }: FollowOptions): RevocationSource {
  if (brokers === undefined) return makeRevocationSource(clients.auth)
  const kafka = { brokers: brokers.split(','), ...(topicPrefix === undefined ? {} : { topicPrefix }) }
  return makeKafkaRevocationSource({ kafka, client: clients.auth })
}

/** Follows until the test ends: over Kafka where brokers are given, over WatchRevocations otherwise. */
export function follow(t: TestContext, options: FollowOptions): Followed {
  const doubts: string[] = []
  let snapshots = 0
  const source = makeTestSource(options)
  const follower = openRevocationFollower({
    ...options,
    source: {
      ...source,
      snapshot: (signal) => {
        snapshots += 1
        return source.snapshot(signal)
      },
    },
    clock: systemClock,
    logger: {
      warn: (fields) => {
        const { err } = fields as { err?: unknown }
        if (err instanceof RevocationDoubt) doubts.push(err.doubt)
      },
    },
  })
  t.after(() => follower.close())
  const isRevoked = (sessionId: string) => isSessionRevoked(follower, sessionId)
  return {
    follower,
    doubts,
    snapshots: () => snapshots,
    isRevoked,
    untilFresh: () => until(() => follower.status().state === 'FRESH'),
    untilRevoked: (sessionId) => until(() => isRevoked(sessionId)),
  }
}

/** Whether R holds the session. */
export function isSessionRevoked({ view }: RevocationFollower, sid: string): boolean {
  const claims = { jti: randomUUID(), sub: randomUUID(), sid, tv: 1, iss: 'nobody', iat: 2e9, exp: 2e9 + 600 }
  return view.isRevoked(toTokenSubjects(claims as Parameters<typeof toTokenSubjects>[0], 'no key'))
}

/** Opens a session and ends it: its id, and when the answer was there. */
export async function logOutNew(clients: Pick<TestClients, 'auth' | 'signUp' | 'logIn'>) {
  const { accessToken, sessionId } = await clients.logIn(await clients.signUp())
  return await logOut(clients, { accessToken, sessionId })
}

/** Ends a session: its id, and when the answer was there. */
export async function logOut(
  { auth }: Pick<TestClients, 'auth'>,
  { accessToken, sessionId }: { readonly accessToken: string; readonly sessionId: string },
) {
  const { revocation } = await auth.logout({ token: { case: 'accessToken', value: accessToken } })
  assert.equal(revocation?.entries.length, 1)
  return { sessionId, answeredAtMs: performance.now() }
}

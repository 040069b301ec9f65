import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Access, type Auth, type ConnectAuthOptions, connectAuth } from '@immersiverse/auth-client'
import { UserStatus } from '@immersiverse/auth-contract'
import { openTcpProxy, type TcpProxy } from '../../../tools/parts/tcp-proxy.ts'
import { type OpenStream, openStreamingService, type StreamingService } from './open-streaming-service.ts'
import { openTestAuth, type TestAuth } from './open-test-auth.ts'

/** What clients see of streams whose caller is revoked, and of streams that nobody can answer for. */
const revokedEnds: Record<string, string> = {
  Watch: 'UNAUTHENTICATED',
  Talk: 'UNAUTHENTICATED',
  Upload: 'UNAUTHENTICATED',
  WebSocket: '4401 REVOKED',
  'Server-Sent Events': 'broken off',
  hijacked: 'broken off',
  Express: 'broken off',
  fetch: 'broken off',
}
const lostEnds = {
  ...revokedEnds,
  ...{ Watch: 'UNAVAILABLE', Talk: 'UNAVAILABLE', Upload: 'UNAVAILABLE', WebSocket: '1013 AUTH_UNREACHABLE' },
}
const quiet = { warn: () => undefined, error: () => undefined }

let service: TestAuth
before(async () => {
  service = await openTestAuth()
})
after(() => service.close())

interface World extends AsyncDisposable {
  readonly auth: Auth
  readonly streams: StreamingService
  readonly proxy: TcpProxy
}

async function openWorld(options: Partial<ConnectAuthOptions> = {}, access?: Access): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(await openTcpProxy({ port: Number(service.address.split(':')[1]) }))
  const address = `127.0.0.1:${proxy.port}`
  const auth = stack.use(await connectAuth({ address, verification: 'local', logger: quiet, ...options }))
  const streams = stack.use(await openStreamingService(auth, access))
  const opened = stack.move()
  return { auth, streams, proxy, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const signIn = async () => {
  const person = await service.signUp()
  return { person, ...(await service.logIn(person)) }
}

async function assertEnds(streams: readonly OpenStream[], ends: Record<string, string>): Promise<void> {
  const seen = await Promise.all(streams.map(async ({ kind, ended }) => [kind, (await ended).how]))
  assert.deepEqual(Object.fromEntries(seen), ends)
}

const assertOpen = (streams: readonly OpenStream[]) =>
  assert.deepEqual(
    streams.map(({ end }) => end()),
    streams.map(() => undefined),
  )

const longest = (streams: readonly OpenStream[], sinceMs: number) =>
  Math.max(...streams.map(({ end }) => end()?.atMs ?? Number.POSITIVE_INFINITY)) - sinceMs

/** Resolves when nothing is watched; a leak makes the test time out. */
async function emptied(auth: Auth): Promise<void> {
  while (auth.status().calls.open > 0) await sleep(5)
}

for (const verification of ['local', 'remote'] as const) {
  test(`${verification}: a log-out ends every kind of stream of its session, and no other session's`, async (t) => {
    await using world = await openWorld({ verification })
    const { person, accessToken } = await signIn()
    const other = await service.logIn(person)
    const mine = await world.streams.openAll(accessToken)
    const others = await world.streams.openAll(other.accessToken)
    assert.equal(world.auth.status().calls.open, 16)
    await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    const sinceMs = performance.now()
    await assertEnds(mine, revokedEnds)
    t.diagnostic(
      `the last of 8 streams ended ${longest(mine, sinceMs).toFixed(0)} ms after the log-out's answer`,
    )
    assert.ok(longest(mine, sinceMs) <= 3_000 + 1_000)
    assertOpen(others)
    assert.deepEqual(world.auth.status().calls.ended, { REVOKED: 8 })
    for (const stream of others) stream.close()
    await emptied(world.auth)
  })
}

test('the answer to a request is delivered whole though its caller was revoked before it was written', async () => {
  await using world = await openWorld()
  const { accessToken } = await signIn()
  const isRevoked = async () => {
    await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    const signal = world.auth.revocationSignal()
    if (!signal.aborted) await once(signal, 'abort')
  }
  const answers = await world.streams.answerAll(accessToken, isRevoked)
  assert.deepEqual(answers, ['200 true', '200 true', '200 true'])
  await emptied(world.auth)
})

for (const [what, change] of [
  ['suspended', { status: UserStatus.SUSPENDED }],
  ['given another password', { password: 'another horse battery' }],
] as const) {
  test(`local: when a user is ${what}, all their streams end and nobody else's (R8)`, async () => {
    await using world = await openWorld()
    const { person, accessToken } = await signIn()
    const second = await service.logIn(person)
    const { accessToken: somebodyElse } = await signIn()
    const theirs = [
      ...(await world.streams.openAll(accessToken)),
      ...(await world.streams.openAll(second.accessToken)),
    ]
    const others = await world.streams.openAll(somebodyElse)
    await service.users.updateUser({ userId: person.id, ...change })
    await assertEnds(theirs, revokedEnds)
    assertOpen(others)
    for (const stream of others) stream.close()
    await emptied(world.auth)
  })
}

test('a view that is STALE: ValidateToken answers for the streams, and ends them when it refuses', async () => {
  await using world = await openWorld({ maxStalenessMs: 3_000 })
  const { accessToken } = await signIn()
  const streams = await world.streams.openAll(accessToken)
  // What the leader of the lane numbers by is gone: one entry without a number, and there are no more heartbeats.
  const { kysely } = service.database
  const lane = await kysely.deleteFrom('lanes').where('lane', '=', 1).returningAll().executeTakeFirstOrThrow()
  try {
    const bystander = await signIn()
    await service.auth.logout({ token: { case: 'accessToken', value: bystander.accessToken } })
    const revocations = () => {
      const status = world.auth.status()
      return status.verification === 'local' ? status.revocations : undefined
    }
    while (revocations()?.state !== 'STALE') await sleep(20)
    while ((revocations()?.ageMs ?? 0) < 6_000) await sleep(20)
    assertOpen(streams)
    await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    await assertEnds(streams, revokedEnds)
    assert.equal(revocations()?.state, 'STALE')
  } finally {
    await kysely.insertInto('lanes').values(lane).execute()
  }
})

for (const verification of ['local', 'remote'] as const) {
  test(`R7 ${verification}: cut off, streams end with UNAVAILABLE when S is over, not as revoked`, async () => {
    await using world = await openWorld({ verification, maxStalenessMs: 1_000, deadlineMs: 500 })
    const { accessToken } = await signIn()
    const streams = await world.streams.openAll(accessToken)
    world.proxy.cut('silent')
    const sinceMs = performance.now()
    await assertEnds(streams, lostEnds)
    assert.ok(longest(streams, sinceMs) <= 1_000 + 1_000)
    await emptied(world.auth)
  })
}

test('cut off with allowStale, streams go on, and end when the way is there again and says so', async () => {
  await using world = await openWorld(
    { maxStalenessMs: 600, deadlineMs: 300 },
    { onUnavailable: 'allowStale' },
  )
  const { accessToken } = await signIn()
  const streams = await world.streams.openAll(accessToken)
  world.proxy.cut()
  while (world.auth.status().calls.keptStale < streams.length) await sleep(20)
  await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
  assertOpen(streams)
  world.proxy.heal()
  await assertEnds(streams, revokedEnds)
})

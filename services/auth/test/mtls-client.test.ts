import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as nextTurn } from 'node:timers/promises'
import { type Auth, connectAuth, type Users } from '@immersiverse/auth-client'
import { makeGrpcClient, openChannel } from '@immersiverse/auth-client/grpc'
import { AuthService, UserService } from '@immersiverse/auth-contract'
import { waitUntil } from '../../../packages/client/src/test/wait-until.ts'
import { type Authority, makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { type MtlsAuth, openMtlsAuth, toId } from './open-mtls-auth.ts'

const chat = `
  - id: ${toId('chat')}
    allow:
      - auth.v1.AuthService/ValidateTokens
      - auth.v1.AuthService/GetSigningKeys
      - auth.v1.AuthService/GetRevocationSnapshot
      - auth.v1.AuthService/GetRevocationStatus
      - auth.v1.AuthService/WatchRevocations
      - auth.v1.EventService/WatchEvents
      - auth.v1.UserService/GetUser
      - auth.v1.UserService/BatchGetUsers
      - auth.v1.UserService/ListUsers`
const gateway = `
  - id: ${toId('gateway')}
    allow: [auth.v1.UserService/CreateUser, auth.v1.AuthService/Login, auth.v1.AuthService/Logout]`
const callers = `callers:${chat}${gateway}\n`
const silent = { warn: () => undefined, error: () => undefined }

describe('connectAuth over mTLS', () => {
  it('verifies, follows revocations and events, and reads users', async () => {
    await using world = await openMtlsAuth({ callers })
    const { accessToken, userId } = await logIn(world)
    for (const verification of ['remote', 'local'] as const) {
      const tls = await writeTls(world)
      await using auth = await connectAuth({ address: world.address, verification, users: 'cached', tls })
      assert.equal((await auth.verify(accessToken)).userId, userId)
      assert.equal((await auth.users.get(userId)).id, userId)
      const heard: string[] = []
      auth
        .events({ group: 'chat', position: { load: async () => undefined, save: async () => undefined } })
        .on('user_created', (user) => void heard.push(user.userId))
        .start()
      await waitUntil('the event is heard', () => heard.includes(userId))
    }
  })

  it('is told UNAVAILABLE, never "invalid", where it is not let in', async () => {
    await using world = await openMtlsAuth({ callers: `callers:${gateway}\n` })
    const { accessToken } = await logIn(world)
    const options = { address: world.address, verification: 'remote', logger: silent } as const
    await using auth = await connectAuth({ ...options, tls: await writeTls(world) })
    await assert.rejects(auth.verify(accessToken), { code: 'UNAVAILABLE' })
  })

  it('takes new certificates of its own, and of the service, without a failed call', async () => {
    const next = chat.replace(toId('chat'), toId('chat-next'))
    await using world = await openMtlsAuth({ callers: `callers:${chat}${next}${gateway}\n` })
    const { accessToken } = await logIn(world)
    const tls = await writeTls(world)
    await using remote = await connectAuth({ address: world.address, verification: 'remote', tls })
    await using local = await connectAuth({ address: world.address, verification: 'local', tls })
    const loads = [startLoad(remote, accessToken), startLoad(local, accessToken)]
    // As one replaces an authority: the new one is trusted, everybody gets certificates of it, the old one goes.
    const authority = makeAuthority('Next CA')
    const both = world.authority.cert + authority.cert
    await deploy(world, { 'client-ca.pem': both })
    await writeFile(tls.ca, both)
    const server = authority.issue({ name: 'auth', uris: [toId('auth-service')], hosts: ['localhost'] })
    await deploy(world, { 'server-key.pem': server.key, 'server.pem': server.cert })
    await writeTls(world, authority, 'chat-next')
    for (const auth of [remote, local]) await waitUntilSeenAs(world, auth, toId('chat-next'))
    await deploy(world, { 'client-ca.pem': authority.cert })
    const counts = loads.map(({ count }) => count())
    await waitUntil('calls go on', () =>
      loads.every(({ count }, index) => count() > (counts[index] ?? 0) + 50),
    )
    for (const { stop } of loads) assert.deepEqual(await stop(), [])
  })

  it('refuses files that do not hold', async () => {
    await using world = await openMtlsAuth({ callers })
    const tls = await writeTls(world)
    const other = world.authority.issue({ name: 'other' })
    const base = { address: world.address, verification: 'remote' } as const
    await assert.rejects(connectAuth({ ...base, tls: { ...tls, key: Buffer.from(other.key) } }), TypeError)
    await assert.rejects(connectAuth({ ...base, tls: { ...tls, cert: '/nowhere' } }), /tls\.cert/)
    await assert.rejects(connectAuth({ ...base, tls: { ca: tls.ca, cert: tls.cert } }), /both cert and key/)
  })
})

interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Writes a service's certificate and what it trusts; a later call replaces the certificate. */
async function writeTls(world: MtlsAuth, authority?: Authority, name = 'chat'): Promise<TlsFiles> {
  const [ca = '', cert = '', key = ''] = ['ca', 'cert', 'key'].map((one) =>
    join(world.folder, `chat-${one}.pem`),
  )
  const own = (authority ?? world.authority).issue({ name, uris: [toId(name)] })
  if (authority === undefined) await writeFile(ca, world.authority.cert)
  await writeFile(key, own.key)
  await writeFile(cert, own.cert)
  return { ca, cert, key }
}

/** Signs somebody up, as the gateway. */
async function logIn(world: MtlsAuth): Promise<{ accessToken: string; userId: string }> {
  const { cert, key } = world.authority.issue({ name: 'gateway', uris: [toId('gateway')] })
  const [tlsCert, tlsKey, ca] = [cert, key, world.authority.cert].map((pem) => Buffer.from(pem))
  const tls = { ca: ca ?? '', cert: tlsCert ?? '', key: tlsKey ?? '' }
  const channel = openChannel({ address: world.address, tls })
  try {
    const account = { username: 'mina', email: 'mina@example.org', password: 'correct horse battery staple' }
    await makeGrpcClient(UserService, channel).createUser(account)
    const { tokens, user } = await makeGrpcClient(AuthService, channel).login({
      identifier: account.username,
      password: account.password,
    })
    return { accessToken: tokens?.accessToken ?? '', userId: user?.id ?? '' }
  } finally {
    channel.close()
  }
}

/** Verifies a token again and again; `stop` answers what has failed. */
function startLoad(auth: Auth<unknown>, accessToken: string) {
  const failures: unknown[] = []
  let count = 0
  let isStopped = false
  const run = async () => {
    while (!isStopped) {
      await auth.verify(accessToken).catch((error: unknown) => failures.push(error))
      count++
      await nextTurn(2)
    }
    return failures
  }
  const running = run()
  const stop = () => {
    isStopped = true
    return running
  }
  return { count: () => count, stop }
}

/** Until the service takes the client for another caller. */
async function waitUntilSeenAs(world: MtlsAuth, auth: Auth<Users>, id: string): Promise<void> {
  const userId = randomUUID()
  for (;;) {
    const { length } = world.auth.logged
    await auth.users.find(userId)
    if (
      world.auth.logged
        .slice(length)
        .some(({ facts }) => facts.reason === 'USER_NOT_FOUND' && facts.caller === id)
    )
      return
    await nextTurn(50)
  }
}

/** Replaces files and waits until the service has taken them over. */
async function deploy(world: MtlsAuth, files: Parameters<MtlsAuth['replace']>[0]): Promise<void> {
  const count = () => world.auth.logged.filter(({ message }) => message.includes('taken over')).length
  const before = count()
  await world.replace(files)
  await waitUntil('the files are taken over', () => count() > before)
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Client, ServiceError } from '@grpc/grpc-js'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { AuthService, EventService, UserService, UserStatus } from '@immersiverse/auth-contract'
import { waitUntil } from '../../../packages/client/src/test/wait-until.ts'
import { makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { systemClock } from '../src/compose/system-clock.ts'
import { type Ending, knock, toEnding } from './knock.ts'
import { type MtlsAuth, openMtlsAuth, toId } from './open-mtls-auth.ts'
import { assertRefused } from './refusals.ts'

const getUser = 'auth.v1.UserService/GetUser'
const admitted = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }
const limited = { code: 'RESOURCE_EXHAUSTED', reason: 'CALLER_LIMITED' }

function connectAs(world: MtlsAuth, name: string): Client {
  return world.connect(world.authority.issue({ name, uris: [toId(name)] }))
}

const toCallers = (...entries: string[]) => `callers:\n${entries.join('\n')}\n`
const toEntry = (name: string, ...lines: string[]) =>
  [`  - id: ${toId(name)}`, ...lines.map((line) => `    ${line}`)].join('\n')

describe('fields', () => {
  it('limit what an update may touch, also where it would set nothing or the same', async () => {
    const allow = 'allow: [{ method: auth.v1.UserService/UpdateUser, fields: [subscription_tier] }]'
    await using world = await openMtlsAuth({ callers: toCallers(toEntry('billing', allow)) })
    const users = makeGrpcClient(UserService, connectAs(world, 'billing'))
    const userId = randomUUID()
    const others = [
      { email: '' },
      { displayName: '' },
      { status: UserStatus.UNSPECIFIED },
      { roles: {} },
      { password: '' },
      { subscriptionTier: 'PREMIUM', email: 'x@example.org' },
    ]
    for (const change of others) {
      const refusal = await assertRefused(
        users.updateUser({ userId, ...change }),
        'PERMISSION_DENIED',
        'FIELD_NOT_ALLOWED',
      )
      assert.ok(refusal.metadata.field, JSON.stringify(change))
    }
    const allowed = users.updateUser({ userId, subscriptionTier: 'PREMIUM', expectedVersion: 7n })
    await assertRefused(allowed, 'NOT_FOUND', 'USER_NOT_FOUND')
  })
})

describe('limit', () => {
  it('lets a burst through and tells when to come back', async () => {
    const callers = toCallers(
      toEntry('chat', `allow: [${getUser}]`, 'limit: { perSecond: 0.01, burst: 3 }'),
      toEntry('other', `allow: [${getUser}]`),
    )
    await using world = await openMtlsAuth({ callers })
    const [first, second] = [connectAs(world, 'chat'), connectAs(world, 'chat')]
    for (const client of [first, second, first]) assert.deepEqual(await knock(client, getUser), admitted)
    assert.deepEqual(await knock(second, getUser), limited)
    assert.deepEqual(await knock(connectAs(world, 'other'), getUser), admitted)
    const users = makeGrpcClient(UserService, first)
    const refusal = await assertRefused(users.getUser({}), 'RESOURCE_EXHAUSTED', 'CALLER_LIMITED')
    assert.ok((refusal.retryMs ?? 0) > 90_000, `${refusal.retryMs} ms`)
  })

  it('counts each question of a stream', async () => {
    const method = 'auth.v1.AuthService/ValidateTokens'
    const callers = toCallers(toEntry('chat', `allow: [${method}]`, 'limit: { perSecond: 0.01, burst: 6 }'))
    await using world = await openMtlsAuth({ callers })
    const stream = makeGrpcClient(AuthService, connectAs(world, 'chat')).validateTokens()
    const answers: number[] = []
    const ending = new Promise<Ending>((resolve) => {
      stream.on('error', (error: ServiceError) => resolve(toEnding(error)))
    })
    stream.on('data', ({ responses }: { responses: unknown[] }) => answers.push(responses.length))
    const ask = (count: number) => stream.write({ requests: Array.from({ length: count }, () => ({})) })
    ask(4)
    await waitUntil('the first batch is answered', () => answers.length === 1)
    ask(2)
    assert.deepEqual(await ending, limited)
    assert.deepEqual(answers, [4])
  })
})

describe('addresses', () => {
  it('deny a caller from elsewhere', async () => {
    const callers = toCallers(
      toEntry('far', `allow: [${getUser}]`, 'addresses: [10.0.0.0/8]'),
      toEntry('near', `allow: [${getUser}]`, 'addresses: [127.0.0.0/8, "::1"]'),
    )
    await using world = await openMtlsAuth({ callers })
    assert.deepEqual(await knock(connectAs(world, 'far'), getUser), denied)
    assert.deepEqual(await knock(connectAs(world, 'near'), getUser), admitted)
  })
})

describe('a changed callers file', () => {
  const watches = [
    'auth.v1.AuthService/WatchRevocations',
    'auth.v1.EventService/WatchEvents',
    'auth.v1.AuthService/ValidateTokens',
    getUser,
  ]

  it('refuses a removed caller on open connections, streams included', async () => {
    const allow = `allow: [${watches.join(', ')}]`
    const callers = toCallers(toEntry('chat', allow), toEntry('other', allow))
    await using world = await openMtlsAuth({ callers })
    const [chat, other] = [connectAs(world, 'chat'), connectAs(world, 'other')]
    const endings = openStreams(chat)
    const others = openStreams(other)
    assert.deepEqual(await knock(chat, getUser), admitted)
    await Promise.all([...endings, ...others].map(({ opened }) => opened))
    await world.replace({ 'callers.yaml': toCallers(toEntry('other', allow)) })
    assert.deepEqual(await Promise.all(endings.map(({ ended }) => ended)), [denied, denied, denied])
    assert.deepEqual(await knock(chat, getUser), denied)
    assert.deepEqual(await knock(other, getUser), admitted)
    assert.deepEqual(
      others.map(({ isOpen }) => isOpen()),
      [true, true, true],
    )
  })

  it('takes single methods away from open streams', async () => {
    await using world = await openMtlsAuth({
      callers: toCallers(toEntry('chat', `allow: [${watches.join(', ')}]`)),
    })
    const chat = connectAs(world, 'chat')
    const streams = openStreams(chat)
    await Promise.all(streams.map(({ opened }) => opened))
    await world.replace({ 'callers.yaml': toCallers(toEntry('chat', `allow: [${watches[1]}]`)) })
    assert.deepEqual(await streams[0]?.ended, denied)
    assert.deepEqual(await streams[2]?.ended, denied)
    assert.equal(streams[1]?.isOpen(), true)
  })

  it('lets a new caller in', async () => {
    await using world = await openMtlsAuth({ callers: toCallers(toEntry('other', `allow: [${getUser}]`)) })
    const chat = connectAs(world, 'chat')
    assert.deepEqual(await knock(chat, getUser), denied)
    await deploy(world, { 'callers.yaml': toCallers(toEntry('chat', `allow: [${getUser}]`)) })
    assert.deepEqual(await knock(chat, getUser), admitted)
  })

  it('that does not hold is told of once, and changes nothing', async () => {
    await using world = await openMtlsAuth({ callers: toCallers(toEntry('chat', `allow: [${getUser}]`)) })
    await world.replace({
      'callers.yaml': toCallers(toEntry('chat', 'allow: [auth.v1.UserService/GetUzer]')),
    })
    const told = () => world.auth.logged.filter(({ message }) => message.includes('do not hold'))
    await waitUntil('the fault is told', () => told().length > 0)
    assert.deepEqual(told()[0]?.facts.faults, [
      'AUTH_CALLERS_FILE: line 3: there is no method "auth.v1.UserService/GetUzer"',
    ])
    assert.equal(await readMetric(world, 'auth_callers_reload_failing'), 1)
    assert.deepEqual(await knock(connectAs(world, 'chat'), getUser), admitted)
    assert.equal(told().length, 1)
    await deploy(world, { 'callers.yaml': toCallers(toEntry('other', `allow: [${getUser}]`)) })
    assert.equal(await readMetric(world, 'auth_callers_reload_failing'), 0)
    assert.deepEqual(await knock(connectAs(world, 'chat'), getUser), denied)
  })
})

describe('changed certificates', () => {
  const callers = toCallers(toEntry('chat', `allow: [${getUser}]`))

  it('of the server are shown to new connections, and open ones go on', async () => {
    await using world = await openMtlsAuth({ callers })
    const before = connectAs(world, 'chat')
    assert.deepEqual(await knock(before, getUser), admitted)
    const [next] = [world.authority.issue({ name: 'next', hosts: ['localhost'], days: 3 })]
    const expiry = () => readMetric(world, 'auth_tls_certificate_expiry_timestamp_seconds')
    assert.ok((await expiry()) > Date.now() / 1000 + 20 * 86_400)
    await deploy(world, { 'server-key.pem': next.key, 'server.pem': next.cert })
    assert.ok((await expiry()) < Date.now() / 1000 + 4 * 86_400)
    assert.deepEqual(await knock(before, getUser), admitted)
    assert.deepEqual(await knock(connectAs(world, 'chat'), getUser), admitted)
  })

  it('of which only one half is there change nothing until the other comes', async () => {
    await using world = await openMtlsAuth({ callers })
    const next = world.authority.issue({ name: 'next', hosts: ['localhost'] })
    await world.replace({ 'server.pem': next.cert })
    const told = () => world.auth.logged.filter(({ message }) => message.includes('do not hold'))
    await waitUntil('the fault is told', () => told().length > 0)
    assert.deepEqual(told()[0]?.facts.faults, [
      'AUTH_TLS_KEY: is not the key of the certificate in AUTH_TLS_CERT',
    ])
    assert.deepEqual(await knock(connectAs(world, 'chat'), getUser), admitted)
    await deploy(world, { 'server-key.pem': next.key })
    assert.deepEqual(await knock(connectAs(world, 'chat'), getUser), admitted)
  })

  it('of an authority that was added let its callers in, and leave open connections alone', async () => {
    await using world = await openMtlsAuth({ callers })
    const second = makeAuthority('Second CA')
    const chat = second.issue({ name: 'chat', uris: [toId('chat')] })
    const before = connectAs(world, 'chat')
    assert.equal((await knock(world.connect(chat), getUser)).code, 'UNAVAILABLE')
    assert.deepEqual(await knock(before, getUser), admitted)
    await deploy(world, { 'client-ca.pem': world.authority.cert + second.cert })
    assert.deepEqual(await knock(world.connect(chat), getUser), admitted)
    assert.deepEqual(await knock(before, getUser), admitted)
  })

  it('of an authority that was taken away refuse its callers on open connections, used or not', async () => {
    await using world = await openMtlsAuth({ callers })
    const second = makeAuthority('Test CA')
    const below = world.authority.issueAuthority('Below').issue({ name: 'chat', uris: [toId('chat')] })
    const used = connectAs(world, 'chat')
    const unused = connectAs(world, 'chat')
    await knock(used, getUser)
    await new Promise((resolve) => unused.waitForReady(Date.now() + 5_000, resolve))
    await deploy(world, { 'client-ca.pem': second.cert })
    const refused = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
    assert.deepEqual(await knock(used, getUser), refused)
    assert.deepEqual(await knock(unused, getUser), refused)
    assert.equal((await knock(connectAs(world, 'chat'), getUser)).code, 'UNAVAILABLE')
    assert.equal((await knock(world.connect(below), getUser)).code, 'UNAVAILABLE')
    const chat = second.issue({ name: 'chat', uris: [toId('chat')] })
    assert.deepEqual(await knock(world.connect(chat), getUser), admitted)
  })

  it('of an authority that was taken away send those below another one to a new handshake, once', async () => {
    await using world = await openMtlsAuth({ callers })
    const second = makeAuthority('Second CA')
    await deploy(world, { 'client-ca.pem': world.authority.cert + second.cert })
    const below = world.authority.issueAuthority('Below')
    const leaf = below.issue({ name: 'chat', uris: [toId('chat')] })
    const chat = world.connect({ ...leaf, cert: leaf.cert + below.cert })
    assert.deepEqual(await knock(chat, getUser), admitted)
    await deploy(world, { 'client-ca.pem': world.authority.cert })
    const refused = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
    assert.deepEqual(await knock(chat, getUser), refused)
    assert.deepEqual(await knock(chat, getUser), admitted)
  })

  it('that expire on an open connection prove nobody any more, and end its streams', async () => {
    const allow = 'allow: [auth.v1.UserService/GetUser, auth.v1.AuthService/WatchRevocations]'
    let passedMs = 0
    const clock = { ...systemClock, now: () => new Date(Date.now() + passedMs) }
    await using world = await openMtlsAuth({
      callers: toCallers(toEntry('chat', allow)),
      overrides: { clock },
    })
    const chat = connectAs(world, 'chat')
    const [stream] = openStreams(chat)
    await stream?.opened
    assert.deepEqual(await knock(chat, getUser), admitted)
    passedMs = 40 * 86_400_000
    const refused = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
    assert.deepEqual(await stream?.ended, refused)
    assert.deepEqual(await knock(chat, getUser), refused)
  })
})

interface OpenStream {
  readonly opened: Promise<void>
  readonly ended: Promise<Ending>
  isOpen(): boolean
}

/** WatchRevocations, WatchEvents, ValidateTokens. */
function openStreams(client: Client): OpenStream[] {
  const auth = makeGrpcClient(AuthService, client)
  const validate = auth.validateTokens()
  validate.write({ requests: [{}] })
  const streams = [auth.watchRevocations({}), makeGrpcClient(EventService, client).watchEvents({}), validate]
  return streams.map((stream) => {
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<Ending>()
    let isOpen = true
    stream.on('data', () => opened.resolve())
    stream.on('error', (error: ServiceError) => {
      isOpen = false
      ended.resolve(toEnding(error))
      opened.resolve()
    })
    return { opened: opened.promise, ended: ended.promise, isOpen: () => isOpen }
  })
}

/** Replaces files and waits until the service has taken them over. */
async function deploy(world: MtlsAuth, files: Parameters<MtlsAuth['replace']>[0]): Promise<void> {
  const count = () => world.auth.logged.filter(({ message }) => message.includes('taken over')).length
  const before = count()
  await world.replace(files)
  await waitUntil('the files are taken over', () => count() > before)
}

async function readMetric({ auth }: MtlsAuth, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${auth.service.adminPort}/metrics`)).text()
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
}

import assert from 'node:assert/strict'
import { randomUUID, sign } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Client, Metadata } from '@grpc/grpc-js'
import { connectAuth } from '@immersiverse/auth-client'
import { type CallerKeyJwk, openChannel } from '@immersiverse/auth-client/grpc'
import { waitUntil } from '../../../packages/client/src/test/wait-until.ts'
import { makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { addCaller } from '../src/compose/add-caller.ts'
import { knock } from './knock.ts'
import { type MtlsAuth, openMtlsAuth, toId } from './open-mtls-auth.ts'
import { openTestAuth, type TestAuth } from './open-test-auth.ts'
import { runAuthctl } from './run-authctl.ts'

const getUser = 'auth.v1.UserService/GetUser'
const listUsers = 'auth.v1.UserService/ListUsers'
const admitted = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
const unknown = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }
const audience = 'http://localhost:8080'
const id = toId('batch')

type Key = Parameters<typeof sign>[2] & object

describe('assertions of callers', () => {
  let folder: string
  let auth: TestAuth
  let client: Client
  let key: CallerKeyJwk
  let otherKey: CallerKeyJwk

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assertions-'))
    const file = join(folder, 'callers.yaml')
    const add = async (name: string, allow: string): Promise<CallerKeyJwk> => {
      const { privateJwk } = await addCaller({ file, id: toId(name), allow: [allow], keyFile: undefined })
      return JSON.parse(privateJwk)
    }
    key = await add('batch', getUser)
    otherKey = await add('other', listUsers)
    auth = await openTestAuth({
      environment: { AUTH_CALLERS_FILE: file, AUTH_CALLER_ASSERTIONS: 'true', AUTH_RELOAD_INTERVAL: '20ms' },
    })
    client = openChannel({ address: auth.address })
  })
  after(async () => {
    client.close()
    await auth.close()
    await rm(folder, { recursive: true, force: true })
  })

  const now = () => Math.floor(Date.now() / 1000)
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const make = (claims: object = {}, header: object = {}, by = key) => {
    const base = { iss: id, sub: id, aud: audience, iat: now(), exp: now() + 240, jti: randomUUID() }
    const head = { alg: 'ES256', kid: by.kid, typ: 'client-authentication+jwt', ...header }
    const signed = `${encode(head)}.${encode({ ...base, ...claims })}`
    const jwk = { key: by, format: 'jwk', dsaEncoding: 'ieee-p1363' } as unknown as Key
    return `${signed}.${sign('sha256', Buffer.from(signed), jwk).toString('base64url')}`
  }
  const knockWith = (assertion: string, method = getUser) => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${assertion}`)
    return knock(client, method, metadata)
  }

  it('prove a caller, who then may do what the file says, and may use one again', async () => {
    const assertion = make()
    assert.deepEqual(await knockWith(assertion), admitted)
    assert.deepEqual(await knockWith(assertion), admitted)
    assert.deepEqual(await knockWith(assertion, listUsers), denied)
    assert.deepEqual(await knockWith(make({ aud: [audience] }, { typ: 'JWT' })), admitted)
  })

  it('are needed: nobody is anybody without one, on loopback either', async () => {
    assert.deepEqual(await knock(client, getUser), unknown)
    assert.deepEqual(await knockWith('x'), unknown)
  })

  const broken: Record<string, () => string> = {
    'that have expired': () => make({ iat: now() - 300, exp: now() - 1 }),
    'that live longer than five minutes': () => make({ exp: now() + 900 }),
    'that live longer than five minutes in all': () => make({ iat: now() - 200, exp: now() + 200 }),
    'without an end': () => make({ exp: undefined }),
    'with an end in words': () => make({ exp: String(now() + 100) }),
    'that are not valid yet': () => make({ nbf: now() + 200 }),
    'for another audience': () => make({ aud: 'https://elsewhere' }),
    'for several audiences': () => make({ aud: [audience, 'https://elsewhere'] }),
    'of which issuer and subject differ': () => make({ iss: toId('other') }),
    'in the name of another': () => make({ iss: toId('other'), sub: toId('other') }),
    'without a jti': () => make({ jti: undefined }),
    'signed by another caller in this name': () => make({}, {}, otherKey),
    'signed by a key of nobody': () => make({}, { kid: 'unknown' }),
    'with the kid of another key': () => make({}, { kid: otherKey.kid }),
    'of another algorithm': () => make({}, { alg: 'HS256' }),
    'of no algorithm': () => make({}, { alg: 'none' }),
    'with a key of their own': () => make({}, { jwk: { kty: 'EC' } }),
    'with a critical header': () => make({}, { crit: ['exp'] }),
    'of another type': () => make({}, { typ: 'at+jwt' }),
    'with a changed signature': () => `${make().slice(0, -4)}AAAA`,
  }
  for (const [what, wrong] of Object.entries(broken)) {
    it(`prove nobody ${what}`, async () => assert.deepEqual(await knockWith(wrong()), unknown))
  }

  it('may not repeat a jti', async () => {
    const jti = randomUUID()
    assert.deepEqual(await knockWith(make({ jti, exp: now() + 100 })), admitted)
    assert.deepEqual(await knockWith(make({ jti, exp: now() + 101 })), unknown)
  })

  it('are made and renewed by the client package', async () => {
    await using connected = await connectAuth({
      address: auth.address,
      verification: 'remote',
      assertion: { id, key, audience },
    })
    assert.equal(await connected.users.find(randomUUID()), undefined)
    const plain = { verification: 'remote', assertion: { id, key, audience } } as const
    await assert.rejects(connectAuth({ ...plain, address: 'auth-service:50051' }), /needs tls/)
    const bad = { ...plain, assertion: { ...plain.assertion, key: { kty: 'EC' } } }
    await assert.rejects(connectAuth({ ...bad, address: auth.address }), TypeError)
  })

  it('prove nobody any more once their key has left the file', async () => {
    const file = join(folder, 'callers.yaml')
    const before = await readFile(file, 'utf8')
    const loads = () => auth.logged.filter(({ message }) => message.includes('taken over')).length
    const deploy = async (change: () => Promise<unknown>) => {
      const count = loads()
      await change()
      await waitUntil('the file is taken over', () => loads() > count)
    }
    let added = ''
    await deploy(async () => {
      const more = await addCaller({ file, id: toId('gone'), allow: [getUser], keyFile: undefined })
      added = more.privateJwk
    })
    const assertion = make({ iss: toId('gone'), sub: toId('gone') }, {}, JSON.parse(added))
    assert.deepEqual(await knockWith(assertion), admitted)
    await deploy(() => writeFile(file, before))
    assert.deepEqual(await knockWith(assertion), unknown)
    assert.deepEqual(await knockWith(make()), admitted)
  })
})

describe('assertions over TLS', () => {
  it('count only where no certificate was shown, and a certificate that TLS refuses proves nobody', async () => {
    const callers = `callers:
  - { id: ${toId('chat')}, allow: [${getUser}] }
`
    await using world = await openMtlsAuth({ callers, environment: { AUTH_CALLER_ASSERTIONS: 'true' } })
    const { privateJwk } = await addToWorld(world)
    const assertion = { id, key: JSON.parse(privateJwk), audience }
    const ca = Buffer.from(world.authority.cert)
    const knockBy = async (certificate?: { cert: string; key: string }) => {
      const own = certificate && { cert: Buffer.from(certificate.cert), key: Buffer.from(certificate.key) }
      const channel = openChannel({ address: world.address, tls: { ca, ...own }, assertion })
      try {
        return [await knock(channel, getUser), await knock(channel, listUsers)]
      } finally {
        channel.close()
      }
    }
    const issue = (authority = world.authority) => authority.issue({ name: 'chat', uris: [toId('chat')] })
    assert.deepEqual(await knockBy(), [denied, admitted])
    assert.deepEqual(await knockBy(issue()), [admitted, denied])
    assert.deepEqual(await knockBy(issue(makeAuthority('Test CA'))), [unknown, unknown])
    assert.deepEqual(await knock(world.connect(issue(makeAuthority('x'))), getUser), unknown)
    assert.deepEqual(await knock(world.connect(), getUser), unknown)
  })
})

async function addToWorld(world: MtlsAuth) {
  const loaded = () => world.auth.logged.some(({ message }) => message.includes('taken over'))
  const file = join(world.folder, 'callers.yaml')
  const added = await addCaller({ file, id, allow: [listUsers], keyFile: undefined })
  await waitUntil('the key is known', loaded)
  return added
}

describe('authctl callers add', () => {
  it('writes the key for its owner alone, adds the caller, and keeps what stands in the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'authctl-callers-'))
    try {
      const [file, keyFile] = [join(folder, 'callers.yaml'), join(folder, 'batch.json')]
      const run = (...args: string[]) => runAuthctl({}, 'callers', 'add', id, '--file', file, ...args)
      const made = await run('--allow', getUser, '--key-file', keyFile)
      assert.deepEqual([made.code, made.stderr], [0, ''])
      assert.equal((await stat(keyFile)).mode & 0o777, 0o600)
      assert.ok(!made.stdout.includes('"d"'))
      const { kid, d } = JSON.parse(await readFile(keyFile, 'utf8'))
      const text = await readFile(file, 'utf8')
      assert.ok(text.includes(kid) && !text.includes(d))
      const second = await run('--json')
      assert.equal(second.code, 0)
      const { privateJwk } = JSON.parse(second.stdout)
      const both = await readFile(file, 'utf8')
      assert.ok(both.includes(kid) && both.includes(privateJwk.kid) && !both.includes(privateJwk.d))
      assert.equal((await run('--key-file', keyFile)).code, 1)
      const wrong = await runAuthctl({}, 'callers', 'add', 'batch', '--file', file, '--allow', getUser)
      assert.equal(wrong.code, 1)
      assert.match(wrong.stderr, /no SPIFFE id/)
      assert.equal(await readFile(file, 'utf8'), both)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

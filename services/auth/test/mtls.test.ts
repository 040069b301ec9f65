import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls, type SecureVersion } from 'node:tls'
import { Metadata } from '@grpc/grpc-js'
import { makeAuthority } from '../../../tools/dev-certs/make-authority.ts'
import { type KeyedCertificate, makeCertificate } from '../../../tools/dev-certs/make-certificate.ts'
import type { AuditActorKind } from '../src/domain/audit.ts'
import { until } from '../src/store/outbox-testing.ts'
import { listAuditEvents } from '../src/use-cases/list-audit-events.ts'
import { operator } from './key-replicas.ts'
import { knock } from './knock.ts'
import { type MtlsAuth, openMtlsAuth, toId } from './open-mtls-auth.ts'

const everything = {
  pageToken: '',
  actorId: '',
  userId: '',
  outcome: undefined,
  since: undefined,
  before: undefined,
}
const getUser = 'auth.v1.UserService/GetUser'
const updateUser = 'auth.v1.UserService/UpdateUser'
const admitted = { code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE' }
const unknown = { code: 'UNAUTHENTICATED', reason: 'CALLER_NOT_AUTHENTICATED' }
const denied = { code: 'PERMISSION_DENIED', reason: 'CALLER_NOT_ALLOWED' }

describe('mTLS', { concurrency: true }, () => {
  let world: MtlsAuth

  before(async () => {
    const callers = `callers:
  - id: ${toId('chat')}
    allow: [${getUser}]
  - id: ${toId('billing')}
    allow: [${updateUser}]
`
    world = await openMtlsAuth({ callers })
  })
  after(() => world[Symbol.asyncDispose]())

  const issue = (wish: Partial<Parameters<MtlsAuth['authority']['issue']>[0]> = {}) =>
    world.authority.issue({ name: 'chat', uris: [toId('chat')], ...wish })
  const knockAs = (certificate?: KeyedCertificate, metadata?: Metadata) =>
    knock(world.connect(certificate), getUser, metadata)

  it('lets a caller in by the SPIFFE id of its certificate, and no further than its list', async () => {
    const client = world.connect(issue())
    assert.deepEqual(await knock(client, getUser), admitted)
    assert.deepEqual(await knock(client, updateUser), denied)
  })

  it('writes into the audit trail whom it has denied, what and from where', async () => {
    const client = world.connect(issue())
    const method = 'auth.v1.UserService/DeleteUser'
    await knock(client, method)
    const find = () =>
      world.auth.database.kysely
        .selectFrom('audit_log')
        .select(['actor_kind', 'actor_id', 'outcome', 'reason', 'ip'])
        .where('target_id', '=', method)
        .executeTakeFirst()
    await until(async () => (await find()) !== undefined)
    const { ip, ...denial } = (await find()) ?? { ip: '' }
    assert.match(ip, /127\.0\.0\.1|::1/)
    assert.deepEqual(denial, {
      actor_kind: 'SERVICE',
      actor_id: toId('chat'),
      outcome: 'DENIED',
      reason: 'CALLER_NOT_ALLOWED',
    })
  })

  it('writes down whoever has proved nothing as nobody known, whom a filter for services leaves out', async () => {
    const method = 'auth.v1.UserService/ListUsers'
    const foreign = issue({ uris: ['spiffe://elsewhere/ns/test/sa/chat'] })
    for (const certificate of [foreign, issue({ uris: [toId('stranger')] })]) {
      await knock(world.connect(certificate), method)
    }
    const list = async (actorKind: AuditActorKind | undefined) => {
      const wish = { ...everything, actorKind, actions: ['call.denied'], pageSize: 500 }
      const { events } = await listAuditEvents(world.auth.deps, operator, wish)
      return events.filter(({ target_id }) => target_id === method)
    }
    await until(async () => (await list(undefined)).length === 2)
    const toActor = ({ actor_id, actor_kind, reason }: Awaited<ReturnType<typeof list>>[number]) =>
      [actor_kind, actor_id, reason].join(' ')
    assert.deepEqual((await list('ANONYMOUS')).map(toActor), ['ANONYMOUS  CALLER_NOT_AUTHENTICATED'])
    assert.deepEqual((await list('SERVICE')).map(toActor), [`SERVICE ${toId('stranger')} CALLER_NOT_ALLOWED`])
  })

  it('denies a caller whom the file does not name', async () => {
    assert.deepEqual(await knockAs(issue({ uris: [toId('stranger')] })), denied)
  })

  it('has one line in the log for a denied call, with the caller and the reason', async () => {
    await knockAs(issue({ uris: [toId('logged')] }))
    const lines = world.auth.logged.filter(({ facts }) => facts.caller === toId('logged'))
    assert.deepEqual(
      lines.map(({ facts, message }) => [message, facts.reason, facts.method]),
      [['call refused', 'CALLER_NOT_ALLOWED', getUser]],
    )
  })

  const nobody: Record<string, () => KeyedCertificate> = {
    'two URI SANs': () => issue({ uris: [toId('chat'), toId('billing')] }),
    'a SPIFFE id beside another URI': () => issue({ uris: [toId('chat'), 'https://chat.example'] }),
    'the SPIFFE id in its common name only': () => issue({ name: toId('chat'), uris: [] }),
    'the SPIFFE id as a host name': () => issue({ uris: [], hosts: [toId('chat')] }),
    'a host name that reads like a second name': () =>
      issue({ uris: [], hosts: [`chat, URI:${toId('chat')}`] }),
    'a quoted host name that reads like a second name': () =>
      issue({ uris: [], hosts: [`"chat", URI:${toId('chat')}, DNS:"x`] }),
    'a URI with a second name after a comma': () => issue({ uris: [`${toId('chat')},URI:${toId('x')}`] }),
    'a SPIFFE id of another trust domain': () => issue({ uris: ['spiffe://elsewhere/ns/test/sa/chat'] }),
    'a SPIFFE id with a trust domain in capitals': () =>
      issue({ uris: [toId('chat').replace('imm', 'IMM')] }),
    'a SPIFFE id without a path': () => issue({ uris: ['spiffe://immersiverse'] }),
    'a SPIFFE id with a query': () => issue({ uris: [`${toId('chat')}?x`] }),
    'a SPIFFE id with a port': () => issue({ uris: [toId('chat').replace('verse/', 'verse:1/')] }),
    'a SPIFFE id that climbs': () => issue({ uris: [`${toId('x')}/../chat`] }),
    'no extended key usage': () => issue({ purposes: [] }),
    'a NUL byte in its SPIFFE id': () => issue({ uris: [`${toId('chat')}\0.evil`] }),
  }
  for (const [what, make] of Object.entries(nobody)) {
    it(`takes a certificate with ${what} for nobody`, async () => {
      assert.deepEqual(await knockAs(make()), unknown)
    })
  }

  it('takes the certificate of an authority for nobody', async () => {
    const below = world.authority.issue({ name: 'chat', uris: [toId('chat')], isAuthority: true })
    const { code } = await knockAs(below)
    assert.ok(code === 'UNAUTHENTICATED' || code === 'UNAVAILABLE', code)
  })

  const hour = 3_600_000
  const broken: Record<string, () => KeyedCertificate | undefined> = {
    'no certificate': () => undefined,
    'an expired certificate': () =>
      issue({ notBefore: new Date(Date.now() - 2 * hour), notAfter: new Date(Date.now() - hour) }),
    'a certificate that is not valid yet': () => issue({ notBefore: new Date(Date.now() + hour) }),
    'a certificate for servers': () => issue({ purposes: ['serverAuth'] }),
    'a certificate of another authority': () =>
      makeAuthority('Test CA').issue({ name: 'chat', uris: [toId('chat')] }),
    'a certificate that it has signed itself': () => {
      const own = makeAuthority('chat')
      return { cert: own.cert, key: own.key }
    },
    'a certificate that a caller has signed with its own': () => {
      const signer = issue({ name: 'chat' })
      const lifetime = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour) }
      const wish = { name: 'billing', uris: [toId('billing')], ...lifetime }
      const forged = makeCertificate(wish, { name: 'chat', key: createPrivateKey(signer.key) })
      return { ...forged, cert: forged.cert + signer.cert }
    },
  }
  for (const [what, make] of Object.entries(broken)) {
    it(`does not finish a handshake with ${what}`, async () => {
      const ending = await knockAs(make())
      assert.deepEqual(ending, { code: 'UNAVAILABLE', reason: undefined })
    })
  }

  it('takes a certificate of an authority below its own', async () => {
    const below = world.authority.issueAuthority('Below')
    const leaf = below.issue({ name: 'chat', uris: [toId('chat')] })
    assert.deepEqual(await knockAs({ ...leaf, cert: leaf.cert + below.cert }), admitted)
  })

  it('does not let metadata change who calls', async () => {
    const headers = {
      'x-forwarded-client-cert': `By=${toId('auth')};URI=${toId('billing')}`,
      'x-user-id': toId('billing'),
      'x-caller-bin': Buffer.from(toId('billing')),
      authorization: `Bearer ${toId('billing')}`,
      forwarded: `for=${toId('billing')}`,
      'x-forwarded-for': '10.0.0.1',
    }
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    const client = world.connect(issue())
    assert.deepEqual(await knock(client, updateUser, metadata), denied)
    assert.deepEqual(await knock(client, getUser, metadata), admitted)
  })

  for (const [version, works] of [
    ['TLSv1.3', true],
    ['TLSv1.2', true],
    ['TLSv1.1', false],
  ] as const) {
    it(`${works ? 'speaks' : 'does not speak'} ${version}`, async () => {
      assert.equal(await canSpeak(world, issue(), version), works)
    })
  }

  it('resumes no session: a certificate is asked for again', async () => {
    const { cert, key } = issue()
    const options = { ...toTarget(world), cert, key, ALPNProtocols: ['h2'] }
    const first = connectTls({ ...options, maxVersion: 'TLSv1.2' })
    await once(first, 'secureConnect')
    const session = first.getSession()
    first.destroy()
    const second = connectTls({ ...options, maxVersion: 'TLSv1.2', ...(session ? { session } : {}) })
    await once(second, 'secureConnect')
    assert.equal(second.isSessionReused(), false)
    second.destroy()
  })

  it('answers health to everyone whose handshake it has finished', async () => {
    const client = world.connect(issue({ uris: [] }))
    const { code } = await knock(client, 'grpc.health.v1.Health/Check')
    assert.notEqual(code, 'UNAUTHENTICATED')
    assert.notEqual(code, 'PERMISSION_DENIED')
  })

  it('shows reflection to nobody whom the file does not let', async () => {
    const path = 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    assert.deepEqual(await knock(world.connect(issue()), path), denied)
  })
})

function toTarget(world: MtlsAuth) {
  return {
    host: '127.0.0.1',
    servername: 'localhost',
    port: world.auth.service.grpcPort,
    ca: world.authority.cert,
  }
}

async function canSpeak(world: MtlsAuth, { cert, key }: KeyedCertificate, version: SecureVersion) {
  const limits = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
  const socket = connectTls({ ...toTarget(world), cert, key, ALPNProtocols: ['h2'], ...limits })
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getProtocol() === version))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}

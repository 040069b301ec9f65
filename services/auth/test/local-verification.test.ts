import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Auth, AuthError, type ConnectAuthOptions, connectAuth } from '@immersiverse/auth-client'
import {
  RevocationMarkSchema,
  type RevocationType,
  RoleListSchema,
  UserStatus,
} from '@immersiverse/auth-contract'
import { createTestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedKafka } from '../../../tools/parts/shared-kafka.ts'
import { openTestAuth, type TestAuth, toUniqueName } from './open-test-auth.ts'

const [postgres, kafka] = [await createTestDatabase(), await sharedKafka()]
after(() => ('skipReason' in postgres ? undefined : postgres.close()))
const skip = 'skipReason' in postgres ? postgres.skipReason : false
const skipKafka = skip || ('skipReason' in kafka ? kafka.skipReason : false)

describe('local verification on the embedded service', () => suite(() => openTestAuth()))
describe('local verification on PostgreSQL', { skip }, () => {
  if (!('skipReason' in postgres)) suite(() => openTestAuth({ databaseUrl: postgres.url }))
})
describe('local verification on PostgreSQL, following revocations over Kafka', { skip: skipKafka }, () => {
  if ('skipReason' in postgres || 'skipReason' in kafka) return
  const topicPrefix = toUniqueName('t')
  const environment = { KAFKA_BROKERS: kafka.brokers, AUTH_TOPIC_PREFIX: topicPrefix }
  const over = { revocations: 'kafka', kafka: { brokers: kafka.brokers.split(','), topicPrefix } } as const
  suite(() => openTestAuth({ databaseUrl: postgres.url, environment }), over)
})

function suite(open: () => Promise<TestAuth>, over: Partial<ConnectAuthOptions> = {}): void {
  let service: TestAuth
  let auth: Auth
  before(async () => {
    service = await open()
    const options = { verification: 'local', logger: quiet, readyTimeoutMs: 20_000 } as const
    auth = await connectAuth({ address: service.address, ...options, ...over })
  })
  after(async () => {
    await auth.close()
    await service.close()
  })
  const signIn = async () => {
    const person = await service.signUp()
    return { person, ...(await service.logIn(person)) }
  }
  const refusalOf = async (token: string) => {
    const error = await auth.verify(token).catch((thrown: unknown) => thrown)
    return error instanceof AuthError ? error.reason : 'ACCEPTED'
  }
  const refused = async (token: string, reason: string) => {
    while ((await refusalOf(token)) === 'ACCEPTED') await new Promise(setImmediate)
    assert.equal(await refusalOf(token), reason)
  }
  const counts = () => {
    const status = auth.status()
    assert.ok(status.verification === 'local')
    return status.counts
  }

  test('a valid token is accepted in process, with the principal that ValidateToken gives', async () => {
    const { accessToken } = await signIn()
    const remote = (await service.auth.validateToken({ accessToken })).principal
    const before = counts()
    const local = await auth.verify(accessToken)
    assert.deepEqual(
      [local.userId, local.sessionId, local.clientId],
      [remote?.userId, remote?.sessionId, 'web'],
    )
    assert.equal(counts().local, before.local + 1)
    assert.equal(counts().remote, before.remote)
  })

  test('a logged-out token is refused in process, soon', async () => {
    const { accessToken } = await signIn()
    await auth.verify(accessToken)
    await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    const before = counts()
    await refused(accessToken, 'REVOKED')
    assert.equal(counts().remote, before.remote, 'no question was needed')
  })

  test('a mark is honoured at once, wherever the stream has got to, and for that call only', async () => {
    const { accessToken } = await signIn()
    const { accessToken: other } = await signIn()
    const { revocation } = await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    assert.ok(revocation && revocation.entries.length === 1)
    await assert.rejects(auth.verify(accessToken, { atLeast: revocation }), { reason: 'REVOKED' })
    await auth.verify(other, { atLeast: revocation })
  })

  test('a mark of a kind that this version does not know is the service to judge by', async () => {
    const { accessToken } = await signIn()
    const { accessToken: other } = await signIn()
    await service.auth.logout({ token: { case: 'accessToken', value: accessToken } })
    const subject = 'something new'
    const atLeast = create(RevocationMarkSchema, {
      epoch: 'e',
      entries: [{ type: 99 as RevocationType, subject }],
    })
    const before = counts()
    await auth.verify(other, { atLeast })
    await assert.rejects(auth.verify(accessToken, { atLeast }), { reason: 'REVOKED' })
    assert.equal(counts().local, before.local)
  })

  for (const [title, change] of [
    ['suspended', { status: UserStatus.SUSPENDED }],
    ['given other roles', { roles: create(RoleListSchema, { roles: ['moderator'] }) }],
    ['given another password', { password: 'another horse battery' }],
  ] as const) {
    test(`the tokens of a user who was ${title} are refused, the next one of the same second is not`, async () => {
      const { person, accessToken } = await signIn()
      await service.users.updateUser({ userId: person.id, ...change })
      if (title === 'given other roles') await auth.verify((await service.logIn(person)).accessToken)
      await refused(accessToken, 'REVOKED')
    })
  }

  test('a deleted user is refused; somebody else is not', async () => {
    const { person, accessToken } = await signIn()
    const { accessToken: other } = await signIn()
    await service.users.deleteUser({ userId: person.id })
    await refused(accessToken, 'REVOKED')
    await auth.verify(other)
  })

  test('a role, an audience and a forged signature are judged as ValidateToken judges them', async () => {
    const { accessToken } = await signIn()
    await assert.rejects(auth.verify(accessToken, { requiredRoles: ['admin'] }), {
      code: 'PERMISSION_DENIED',
    })
    await assert.rejects(auth.verify(accessToken, { audience: 'elsewhere' }), { reason: 'WRONG_AUDIENCE' })
    const [head, body, signature = ''] = accessToken.split('.')
    const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    assert.equal(await refusalOf(forged), 'BAD_SIGNATURE')
  })
}

test('R7 without the service a view that has grown too old answers UNAVAILABLE, never "invalid"', async () => {
  const service = await openTestAuth()
  const options = { verification: 'local', maxStalenessMs: 600, deadlineMs: 300, logger: quiet } as const
  await using auth = await connectAuth({ address: service.address, ...options })
  const { accessToken } = await service.logIn(await service.signUp())
  await auth.verify(accessToken)
  await service.close()
  const isFresh = () => {
    const status = auth.status()
    return status.verification === 'local' && status.revocations.state === 'FRESH'
  }
  while (isFresh()) await new Promise(setImmediate)
  await assert.rejects(auth.verify(accessToken), { code: 'UNAVAILABLE' })
  const stale = await auth.verify(accessToken, { onUnavailable: 'allowStale' })
  assert.ok(stale.userId)
})

const quiet = { warn: () => undefined, error: () => undefined }

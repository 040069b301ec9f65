import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AuthError, connectAuth } from '@immersiverse/auth-client'
import pg from 'pg'
import { createTestDatabase } from '../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { until } from '../src/store/outbox-testing.ts'
import { revokeKey } from '../src/use-cases/revoke-key.ts'
import { rotateKeys } from '../src/use-cases/rotate-keys.ts'
import {
  getCurrentKeyId,
  lateTimes,
  openKeyReplicas,
  operator,
  readKeyId,
  readPublished,
  shortTimes,
} from './key-replicas.ts'
import { openTestAuth } from './open-test-auth.ts'
import { assertRefused } from './refusals.ts'
import { getVerdict, refresh } from './validations.ts'

const postgres = await sharedPostgres()
const skip = 'skipReason' in postgres && postgres.skipReason
const quiet = { warn: () => undefined, error: () => undefined }
/** S and ε. */
const boundMs = 3_100

describe('The revocation of a signing key, two instances on PostgreSQL', { skip }, () => {
  test('R10: its tokens are refused strictly at once and locally within S, those of the next key are not, and a restart changes nothing', async () => {
    await using replicas = await openKeyReplicas()
    const { first, second, both } = replicas
    await using local = await connectAuth({ address: second.address, verification: 'local', logger: quiet })
    const person = await first.signUp()
    const tokens = await first.logIn(person)
    const keyId = readKeyId(tokens)
    await local.verify(tokens.accessToken)

    const done = await revokeKey(first.deps, operator, { keyId })
    const startMs = performance.now()
    const verdicts = await Promise.all(both.map((replica) => getVerdict(replica, tokens.accessToken)))
    assert.deepEqual(verdicts, ['REVOKED', 'REVOKED'])
    const refusal = async () => {
      const thrown = await local.verify(tokens.accessToken).catch((error: unknown) => error)
      return thrown instanceof AuthError ? thrown.reason : 'ACCEPTED'
    }
    await until(async () => {
      const isLate = performance.now() - startMs > boundMs
      const reason = await refusal()
      if (isLate) assert.equal(reason, 'REVOKED')
      return reason === 'REVOKED'
    })
    assert.ok(done.outcome === 'REVOKED')
    assert.equal(done.revocation.entries[0]?.expiresAt, undefined, 'it never expires')

    const renewed = await refresh(first, tokens.refreshToken)
    const next = await first.logIn(person)
    for (const { accessToken, ...pair } of [renewed, next]) {
      assert.equal(readKeyId({ accessToken, ...pair }), done.signingKeyId)
      for (const replica of both) assert.equal(await getVerdict(replica, accessToken), 'VALID')
      assert.equal((await local.verify(accessToken)).userId, person.id)
    }
    for (const replica of both) await until(async () => !(await readPublished(replica)).includes(keyId))

    await using restarted = await replicas.open({})
    assert.equal(await getVerdict(restarted, tokens.accessToken), 'REVOKED')
    assert.equal(await getVerdict(restarted, renewed.accessToken), 'VALID')
    assert.equal(readKeyId(await restarted.logIn(person)), done.signingKeyId)
    assert.deepEqual(await revokeKey(restarted.deps, operator, { keyId }), { outcome: 'REVOKED_BEFORE' })
    assert.deepEqual(await revokeKey(restarted.deps, operator, { keyId: 'x' }), { outcome: 'NOT_FOUND' })
  })

  test('R10 R11: what an instance that has not heard of it still signs with the key is refused', async () => {
    await using replicas = await openKeyReplicas({}, { times: lateTimes })
    const { first, second, both } = replicas
    const person = await first.signUp()
    const keyId = await getCurrentKeyId(first)
    await revokeKey(first.deps, operator, { keyId })
    const late = await second.logIn(person)
    assert.equal(readKeyId(late), keyId, 'the second instance has heard of it: the test shows nothing')
    for (const replica of both) assert.equal(await getVerdict(replica, late.accessToken), 'REVOKED')
  })

  test('a planned successor is brought forward, and no token proves anything any more that the key has signed', async () => {
    await using replicas = await openKeyReplicas()
    const { first, second } = replicas
    const person = await first.signUp()
    const tokens = await first.logIn(person)
    const planned = await rotateKeys(first.deps, operator, { purpose: 'signing', atOnce: false })
    const done = await revokeKey(second.deps, operator, { keyId: readKeyId(tokens) })
    assert.equal(done.outcome === 'REVOKED' && done.signingKeyId, planned.keyId)
    assert.equal(readKeyId(await second.logIn(person)), planned.keyId)
    const token = { case: 'accessToken' as const, value: tokens.accessToken }
    await assertRefused(second.auth.logout({ token }), 'UNAUTHENTICATED', 'INVALID_ACCESS_TOKEN')
    await refresh(first, tokens.refreshToken)
  })
})

test('R10 R11: an instance that cannot read the keys for longer than the bound signs nothing, and signs again when it can', {
  skip,
}, async () => {
  const database = await createTestDatabase()
  assert.ok(!('skipReason' in database))
  const overrides = { settings: { keyTimes: shortTimes } }
  const service = await openTestAuth({ databaseUrl: database.url, overrides })
  const blocker = new pg.Client({ connectionString: database.url })
  await blocker.connect()
  const person = await service.signUp()
  await service.logIn(person)
  await blocker.query('begin; lock table keys in access exclusive mode')
  await until(async () => service.deps.keyRing.status().ageMs > shortTimes.ringMaxAgeMs)
  await assertRefused(service.logIn(person), 'UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  const metrics = await (await fetch(`http://127.0.0.1:${service.service.adminPort}/metrics`)).text()
  const readGauge = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])
  assert.ok(readGauge('auth_key_ring_age_seconds') > shortTimes.ringMaxAgeMs / 1000)
  assert.ok(readGauge('auth_signing_key_age_seconds') >= readGauge('auth_key_ring_age_seconds'))
  await blocker.query('rollback')
  await blocker.end()
  assert.equal(await getVerdict(service, (await service.logIn(person)).accessToken), 'VALID')
  await service.close()
  await database.close()
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connectAuth } from '@immersiverse/auth-client'
import type { TokenPair } from '@immersiverse/auth-contract'
import { sharedPostgres } from '../../../tools/parts/shared-postgres.ts'
import { until } from '../src/store/outbox-testing.ts'
import { getDatabaseTime } from '../src/store/revocations.ts'
import { keepKeysRotated } from '../src/use-cases/keep-keys-rotated.ts'
import { listKeys } from '../src/use-cases/list-keys.ts'
import { rotateKeys } from '../src/use-cases/rotate-keys.ts'
import {
  getCurrentKeyId,
  lateTimes,
  openKeyReplicas,
  operator,
  readHeader,
  readKeyId,
  readPublished,
  shortTimes,
} from './key-replicas.ts'
import type { TestAuth } from './open-test-auth.ts'
import { getRefusal } from './refusals.ts'
import { getVerdict, refresh } from './validations.ts'

const postgres = await sharedPostgres()
const skip = 'skipReason' in postgres && postgres.skipReason
const quiet = { warn: () => undefined, error: () => undefined }
const planned = { purpose: 'signing', atOnce: false } as const
const atOnce = { purpose: 'signing', atOnce: true } as const

const countKeys = async ({ deps }: TestAuth, purpose = 'signing') =>
  (await listKeys(deps)).filter((key) => key.purpose === purpose).length

describe('The rotation of keys, two instances on PostgreSQL', { skip }, () => {
  test('R10: under load no valid token is refused, strictly on both instances and locally; keys are public before they sign', async () => {
    await using replicas = await openKeyReplicas()
    const { first, second, both } = replicas
    await using local = await connectAuth({ address: second.address, verification: 'local', logger: quiet })
    const person = await first.signUp()
    const issued: TokenPair[] = []
    const published = both.map(() => new Set<string>())
    const stop = new AbortController()
    const isRunning = () => !stop.signal.aborted

    const watchPublished = both.map(async (replica, n) => {
      while (isRunning()) for (const keyId of await readPublished(replica)) published[n]?.add(keyId)
    })
    const logIn = both.map(async (replica) => {
      while (isRunning()) {
        const tokens = await replica.logIn(person)
        for (const known of published) assert.ok(known.has(readKeyId(tokens)), 'signed before it was public')
        issued.push(tokens)
      }
    })
    const judge = async (n: number) => {
      const { accessToken } = issued[n] ?? assert.fail()
      const verdicts = await Promise.all(both.map((replica) => getVerdict(replica, accessToken)))
      assert.deepEqual(verdicts, ['VALID', 'VALID'])
      await local.verify(accessToken)
    }
    const judgeAll = async () => {
      for (let n = 0; isRunning(); n += 1) {
        await until(async () => issued.length > 0)
        await judge(Math.floor((n * 7919) % issued.length))
        await judge(issued.length - 1)
      }
    }

    const rotateThrice = async () => {
      for (const replica of [first, second, first]) {
        const { keyId } = await rotateKeys(replica.deps, operator, planned)
        await until(async () => issued.some((tokens) => readKeyId(tokens) === keyId))
        const count = issued.length
        await until(async () => issued.length > count + 20)
      }
      stop.abort()
    }
    const work = [rotateThrice(), judgeAll(), ...logIn, ...watchPublished]
    for (const one of work) one.catch(() => stop.abort())
    await Promise.all(work)
    const keyIds = new Set(issued.map(readKeyId))
    assert.equal(keyIds.size, 4)
    for (let n = 0; n < issued.length; n += 1) if (n % 10 === 0) await judge(n)
  })

  test('R10: a key that signs at once is no stranger to an instance that has not read it, and local verifiers ask', async () => {
    await using replicas = await openKeyReplicas({}, { times: lateTimes })
    const { first, second } = replicas
    const person = await first.signUp()
    // Connected to the late one: it cannot tell the new key.
    await using local = await connectAuth({ address: second.address, verification: 'local', logger: quiet })
    const countRemote = () => {
      const status = local.status()
      return status.verification === 'local' ? status.counts.remote : Number.NaN
    }
    const judges: readonly ((tokens: TokenPair) => Promise<unknown>)[] = [
      async ({ accessToken }) => assert.equal(await getVerdict(second, accessToken), 'VALID'),
      async ({ accessToken }) => {
        const before = countRemote()
        await local.verify(accessToken)
        assert.equal(countRemote(), before + 1, 'ValidateToken was asked')
      },
      async ({ accessToken: value }) => {
        const token = { case: 'accessToken' as const, value }
        const { revocation } = await second.auth.logout({ token, allSessions: true })
        assert.equal(revocation?.entries.length, 1)
      },
    ]
    for (const judge of judges) {
      const { keyId } = await rotateKeys(first.deps, operator, atOnce)
      const tokens = await first.logIn(person)
      assert.equal(readKeyId(tokens), keyId)
      await judge(tokens)
    }
  })

  test('all instances sign with the same key, by the clock of the database', async () => {
    await using replicas = await openKeyReplicas()
    const { first, second, both } = replicas
    const person = await first.signUp()
    const { keyId, signsFrom } = await rotateKeys(second.deps, operator, planned)
    const seen = { before: 0, after: 0 }
    await until(async () => {
      for (const replica of both) {
        const tokens = await replica.logIn(person)
        const session = replica.database.kysely.selectFrom('sessions').where('id', '=', tokens.sessionId)
        const { created_at: issuedAt } = await session.select('created_at').executeTakeFirstOrThrow()
        assert.equal(
          readKeyId(tokens) === keyId,
          issuedAt >= signsFrom,
          `issued at ${issuedAt.toISOString()}`,
        )
        seen[issuedAt < signsFrom ? 'before' : 'after'] += 1
      }
      return seen.after >= 4
    })
    assert.ok(seen.before > 0)
  })

  test('R10 R11: a retired key is public until the last token of a late instance has ended, and then no more', async () => {
    const times = { ...shortTimes, accessTtlMs: 1_000 }
    const instance = { times, environment: { AUTH_ACCESS_TTL: '1s' } }
    await using replicas = await openKeyReplicas(instance, instance)
    const { first, second } = replicas
    const old = await getCurrentKeyId(first)
    const tokens = await first.logIn(await first.signUp())
    await rotateKeys(second.deps, operator, atOnce)
    const retired = (await listKeys(first.deps)).find(({ id }) => id === old)
    assert.ok(retired?.retiredAt && retired.endsAt)
    assert.equal(retired.endsAt.getTime() - retired.retiredAt.getTime(), 400 + 1_000 + 200)
    assert.notEqual(await getVerdict(second, tokens.accessToken), 'UNKNOWN_KEY')
    const { endsAt } = retired
    await until(async () => {
      const isPublished = (await readPublished(first)).includes(old)
      const after = await getDatabaseTime(first.database.kysely)
      if (after < endsAt) assert.ok(isPublished, 'it went too soon')
      return !isPublished
    })
    assert.equal((await listKeys(first.deps)).length, 4, 'the row stays for instances with longer tokens')
  })

  test('of many rotations at once on two instances one plans a key', async () => {
    // What is planned waits for longer than all of them take.
    const patient = { times: { ...shortTimes, ringMaxAgeMs: 60_000 } }
    await using replicas = await openKeyReplicas(patient, patient)
    const { first, both } = replicas
    for (const purpose of ['signing', 'refresh'] as const) {
      const rotations = Array.from({ length: 24 }, (_, n) =>
        rotateKeys((both[n % 2] ?? first).deps, operator, { purpose, atOnce: false }),
      )
      const done = await Promise.all(rotations)
      assert.equal(done.filter(({ outcome }) => outcome === 'PLANNED').length, 1)
      assert.equal(new Set(done.map(({ keyId }) => keyId)).size, 1)
      assert.equal(await countKeys(first, purpose), 2)
    }
  })

  test('the schedule plans one key in time, whichever instances look and how often', async () => {
    const idle = { times: { ...shortTimes, rotationCheckMs: 3_600_000 } }
    await using replicas = await openKeyReplicas(idle, idle)
    const { first, both } = replicas
    // Due now, and not again before a minute has passed.
    const keyTimes = { ...shortTimes, rotationMs: 1, ringMaxAgeMs: 60_000 }
    const look = async (replica: TestAuth) => {
      const settings = { ...replica.deps.settings, keyTimes }
      return (await keepKeysRotated({ ...replica.deps, settings })).planned
    }
    const looks = await Promise.all(Array.from({ length: 12 }, (_, n) => look(both[n % 2] ?? first)))
    assert.deepEqual(
      looks
        .flat()
        .map(({ purpose }) => purpose)
        .sort(),
      ['refresh', 'signing'],
    )
    assert.deepEqual([await countKeys(first), await countKeys(first, 'refresh')], [2, 2])
  })

  test('instances on a schedule rotate by themselves, one key a time, and what was signed stays valid', async () => {
    const instance = { times: { ...shortTimes, rotationMs: 1_500 } }
    await using replicas = await openKeyReplicas(instance, instance)
    const { first, second } = replicas
    const person = await first.signUp()
    const tokens = [await first.logIn(person)]
    await until(async () => {
      const next = await second.logIn(person)
      if (!tokens.some((one) => readKeyId(one) === readKeyId(next))) tokens.push(next)
      return tokens.length === 4
    })
    for (const { accessToken } of tokens) assert.equal(await getVerdict(first, accessToken), 'VALID')
    const signing = (await listKeys(first.deps)).filter(({ purpose }) => purpose === 'signing')
    for (const [n, key] of signing.entries()) {
      const before = signing[n - 1]
      if (before) assert.ok(key.signsFrom.getTime() - before.signsFrom.getTime() >= 1_500)
    }
  })

  test('another AUTH_SIGNING_ALGORITHM plans a key of that algorithm at the start, and instances of the old one do not plan it back', async () => {
    await using replicas = await openKeyReplicas()
    const { first } = replicas
    const person = await first.signUp()
    const before = await first.logIn(person)
    await using changed = await replicas.open({ environment: { AUTH_SIGNING_ALGORITHM: 'EdDSA' } })
    await until(async () => readHeader((await first.logIn(person)).accessToken).alg === 'EdDSA')
    const after = await changed.logIn(person)
    assert.deepEqual(
      [readHeader(before.accessToken).alg, readHeader(after.accessToken).alg],
      ['ES256', 'EdDSA'],
    )
    for (const { accessToken } of [before, after]) {
      assert.equal(await getVerdict(first, accessToken), 'VALID')
      assert.equal(await getVerdict(changed, accessToken), 'VALID')
    }
    await using again = await replicas.open({ environment: { AUTH_SIGNING_ALGORITHM: 'EdDSA' } })
    assert.equal(readKeyId(await again.logIn(person)), readKeyId(after))
    assert.equal(await countKeys(first), 2)
  })

  test('T2: a repeat within the grace gives the same successor after the refresh key was rotated, on an instance that is late too', async () => {
    await using replicas = await openKeyReplicas({}, { times: lateTimes })
    const { first, second } = replicas
    const tokens = await first.logIn(await first.signUp())
    const lost = await refresh(first, tokens.refreshToken)
    const { keyId } = await rotateKeys(first.deps, operator, { purpose: 'refresh', atOnce: true })
    assert.equal((await refresh(first, tokens.refreshToken)).refreshToken, lost.refreshToken)
    assert.equal((await refresh(second, tokens.refreshToken)).refreshToken, lost.refreshToken)
    const next = await refresh(first, lost.refreshToken)
    const row = first.database.kysely.selectFrom('sessions').where('id', '=', tokens.sessionId)
    const { derivation_key_id } = await row.select('derivation_key_id').executeTakeFirstOrThrow()
    assert.equal(derivation_key_id, keyId)
    // The late one has never read the new key.
    assert.equal((await refresh(second, next.refreshToken)).sessionId, tokens.sessionId)
  })

  test('a repeat whose key the database has lost ends the family: the holder logs in anew', async () => {
    await using replicas = await openKeyReplicas()
    const { first } = replicas
    const tokens = await first.logIn(await first.signUp())
    await refresh(first, tokens.refreshToken)
    await first.database.kysely
      .updateTable('sessions')
      .set({ derivation_key_id: '00000000' })
      .where('id', '=', tokens.sessionId)
      .execute()
    for (const _ of [1, 2]) {
      const { reason } = await getRefusal(refresh(first, tokens.refreshToken))
      assert.equal(reason, 'INVALID_REFRESH_TOKEN')
    }
    assert.equal(await getVerdict(first, tokens.accessToken), 'REVOKED')
  })

  test('an instance that read its keys too long ago reads them before it makes a refresh token', async () => {
    const late = { ...lateTimes, ringMaxAgeMs: 400 }
    await using replicas = await openKeyReplicas({}, { times: late })
    const { first, second } = replicas
    const person = await first.signUp()
    const makes = [
      async () => await second.logIn(person),
      async ({ refreshToken }: TokenPair) => await refresh(second, refreshToken),
    ]
    let tokens = await first.logIn(person)
    for (const make of makes) {
      const { keyId } = await rotateKeys(first.deps, operator, { purpose: 'refresh', atOnce: true })
      await until(async () => second.deps.keyRing.status().ageMs > late.ringMaxAgeMs)
      tokens = await make(tokens)
      const row = first.database.kysely.selectFrom('sessions').where('id', '=', tokens.sessionId)
      const { derivation_key_id } = await row.select('derivation_key_id').executeTakeFirstOrThrow()
      assert.equal(derivation_key_id, keyId)
    }
  })
})

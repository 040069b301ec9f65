import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../compose/system-clock.ts'
import type { Clock } from '../domain/clock.ts'
import type { KeyPurpose, KeyTimes } from '../domain/key-life.ts'
import type { Database } from '../store/database.ts'
import { settleEpoch } from '../store/epoch.ts'
import { insertKey, lockKeys, readKeys, updateKeyLife } from '../store/keys.ts'
import { migrate } from '../store/migrate.ts'
import { testInstallation } from '../store/outbox-testing.ts'
import { openPglite } from '../store/pglite.ts'
import { makeNewKey } from './make-new-key.ts'
import { type OpenKeyRing, openKeyRing } from './open-key-ring.ts'
import { makeSeal } from './seal.ts'

const times: KeyTimes = {
  rotationMs: Number.POSITIVE_INFINITY,
  publishedMaxAgeMs: 300_000,
  ringMaxAgeMs: 30_000,
  ringPollMs: 3_600_000,
  rotationCheckMs: 3_600_000,
  skewMs: 60_000,
  accessTtlMs: 600_000,
  refreshMaxMs: 90 * 86_400_000,
}
const seal = makeSeal([Buffer.alloc(32, 7)])
const makeKey = (purpose: KeyPurpose) => makeNewKey(purpose, 'ES256', seal)

describe('a key ring', () => {
  let database: Database
  let ring: OpenKeyRing
  const open = (
    wishes: {
      readonly seal?: typeof seal
      readonly database?: Pick<Database, 'kysely'>
      readonly clock?: Clock
    } = {},
  ) =>
    openKeyRing({
      ...{ database, seal, makeKey, times, clock: systemClock, random: () => 0, ...wishes },
      log: { warn: () => undefined },
    })

  before(async () => {
    database = await openPglite({})
    await migrate(database)
    await database.transaction((trx) => settleEpoch(trx, testInstallation))
    ring = await open()
  })
  after(async () => {
    await ring.close()
    await database.close()
  })

  /** Plans a successor of the signing key, as another process would. */
  const plan = async (inMs: number) => {
    const made = await makeNewKey('signing', 'EdDSA', seal)
    return await database.transaction(async (trx) => {
      const { asOf, keys } = await lockKeys(trx)
      const newest = keys.find((key) => key.purpose === 'signing' && key.retiredAt === undefined)
      assert.ok(newest)
      const from = new Date(asOf.getTime() + inMs)
      await updateKeyLife(trx, { ...newest, retiredAt: from })
      await insertKey(trx, made, from)
      return { id: made.id, before: newest.id, from }
    })
  }

  it('makes the first keys, and the next one to open finds the same', async () => {
    const { asOf } = await readKeys(database.kysely)
    const other = await open()
    assert.equal(other.jwksJson, ring.jwksJson)
    assert.equal(other.findSigningKey(asOf)?.id, ring.findSigningKey(asOf)?.id)
    assert.equal(other.refresh.id, ring.refresh.id)
    await other.close()
  })

  it('does not open with another master key', async () => {
    await assert.rejects(open({ seal: makeSeal([Buffer.alloc(32, 9)]) }), { name: 'SealError' })
  })

  it('R11: signs what was issued within its bound of the read, and nothing that was issued later', async () => {
    await ring.reload()
    const { asOf } = await readKeys(database.kysely)
    assert.ok(ring.findSigningKey(asOf))
    // The keys were read before `asOf`, by less than a second.
    assert.ok(ring.findSigningKey(new Date(asOf.getTime() + times.ringMaxAgeMs - 5_000)))
    assert.equal(ring.findSigningKey(new Date(asOf.getTime() + times.ringMaxAgeMs + 1)), undefined)
  })

  it('knows a planned key after a reload, verifies by it, and signs with it from its time on', async () => {
    const { id, before, from } = await plan(1_000)
    assert.equal(ring.verifying.find(id), undefined)
    const key = ring.verifying.find(before)
    await ring.reload()
    assert.ok(ring.verifying.find(id) && ring.jwksJson.includes(id))
    assert.ok(key?.publicKey.equals(ring.verifying.find(before)?.publicKey as never))
    assert.equal(ring.findSigningKey(new Date(from.getTime() - 1))?.id, before)
    assert.equal(ring.findSigningKey(from)?.id, id)
  })

  it('keeps the very key objects where nothing has changed: remembered tokens need no second look', async () => {
    const [kid = ''] = JSON.parse(ring.jwksJson).keys.map((jwk: { kid: string }) => jwk.kid)
    const key = ring.verifying.find(kid)
    await ring.reload()
    assert.equal(ring.verifying.find(kid), key)
  })

  it('reads once for all that wait', async () => {
    const queries = database.queryCount()
    await Promise.all(Array.from({ length: 500 }, () => ring.reload()))
    assert.equal(database.queryCount() - queries, 1)
  })

  it('reads once in 50 ms, however many ask one after the other for keys that nobody has', async (t) => {
    let nowMs = 0
    const readsAtMs: number[] = []
    const watched = {
      get kysely() {
        readsAtMs.push(nowMs)
        return database.kysely
      },
    }
    const sleep = async (ms: number, signal?: AbortSignal) => {
      // Until the ring is read by itself: not in this test.
      if (ms > 60_000) await new Promise((resolve) => signal?.addEventListener('abort', resolve))
      else nowMs += Math.max(ms, 0)
    }
    const clock = { ...systemClock, monotonicMs: () => nowMs, sleep }
    const own = await open({ database: watched, clock })
    t.after(() => own.close())
    for (let asked = 0; asked < 40; asked++) {
      assert.equal(own.verifying.find(`unknown-${asked}`), undefined)
      nowMs += 1
      await own.reload()
    }
    assert.deepEqual(
      readsAtMs,
      Array.from({ length: 41 }, (_, read) => read * 50),
    )
  })

  it('reads again for who asks when a read has begun: that one may have missed what he asks for', async (t) => {
    let reads = 0
    let late: Promise<void> | undefined
    const watched = {
      get kysely() {
        reads += 1
        if (reads === firstReads + 1) late = own.reload()
        return database.kysely
      },
    }
    let firstReads = Number.NaN
    const own = await open({ database: watched })
    t.after(() => own.close())
    firstReads = reads
    await own.reload()
    await late
    assert.equal(reads, firstReads + 2)
  })

  it('keeps what it has where the database does not answer, and says that it could not read', async (t) => {
    const own = await openPglite({})
    await migrate(own)
    await own.transaction((trx) => settleEpoch(trx, testInstallation))
    const cut = await openKeyRing({
      ...{ database: own, seal, makeKey, times, clock: systemClock, random: () => 0 },
      log: { warn: () => undefined },
    })
    t.after(() => cut.close())
    const { jwksJson } = cut
    await own.close()
    await assert.rejects(cut.reload())
    assert.equal(cut.jwksJson, jwksJson)
  })

  it('makes new keys where a failover has lost those that there were', async (t) => {
    const own = await openPglite({})
    t.after(() => own.close())
    await migrate(own)
    await own.transaction((trx) => settleEpoch(trx, testInstallation))
    const other = await open({ database: own })
    t.after(() => other.close())
    const lost = other.refresh.id
    await own.kysely.deleteFrom('keys').where('purpose', '=', 'refresh').execute()
    await other.reload()
    assert.notEqual(other.refresh.id, lost)
    assert.equal(other.findRefreshKey(lost), undefined)
    const { keys } = await readKeys(own.kysely)
    assert.deepEqual(keys.map(({ purpose }) => purpose).sort(), ['fingerprint', 'refresh', 'signing'])
  })
})

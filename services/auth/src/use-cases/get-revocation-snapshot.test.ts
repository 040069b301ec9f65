import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { NewRevocation } from '../domain/revocation.ts'
import { insertRevocations } from '../store/append-revocations.ts'
import type { Database } from '../store/database.ts'
import { settleEpoch } from '../store/epoch.ts'
import { lanes } from '../store/lanes.ts'
import { numberRows, takeOverLane } from '../store/number-rows.ts'
import { testInstallation, testOnBoth } from '../store/outbox-testing.ts'
import type { PackedRevocations } from '../store/packed-revocations.ts'
import { getRevocationSnapshot } from './get-revocation-snapshot.ts'

const coverMs = 660_000

testOnBoth(
  'a packed snapshot has the entries of a whole one, and those that fit no pack whole',
  async (t, database) => {
    await database.transaction((trx) => settleEpoch(trx, testInstallation))
    const session = (): NewRevocation => ({ type: 'SESSION', subject: randomUUID(), reason: 'LOGOUT' })
    const user: NewRevocation = {
      type: 'USER',
      subject: randomUUID(),
      minTokenVersion: 2 ** 40 + 1,
      reason: 'LOGOUT',
    }
    const token: NewRevocation = { type: 'TOKEN', subject: randomUUID(), reason: 'LOGOUT' }
    await revoke(database, [...Array.from({ length: 5000 }, session), user, token])
    const packable = await readSnapshot(database)
    assert.equal(packable.entries.size, 0, 'every entry fits a pack')
    assert.equal(packable.packed.size, 5002)
    assert.deepEqual(packable.packed, (await readSnapshot(database, false)).entries)

    await t.test('in pages of their own', async () => {
      const issuer: NewRevocation = {
        type: 'ISSUER',
        subject: 'http://old',
        until: new Date(1_700_000_000_000),
        reason: 'LOGOUT',
      }
      const key: NewRevocation = { type: 'KEY', subject: 'k1', reason: 'LOGOUT' }
      const odd: NewRevocation = {
        type: 'SESSION',
        subject: `${randomUUID()}\n${randomUUID()}`,
        reason: 'LOGOUT',
      }
      await revoke(database, [issuer, key, odd])
      const { entries, packed } = await readSnapshot(database)
      for (const { subject } of [issuer, key, odd]) assert.ok(entries.has(subject))
      assert.ok(packed.size >= 4000)
      assert.deepEqual(new Map([...packed, ...entries]), (await readSnapshot(database, false)).entries)
    })
  },
)

async function revoke(database: Database, entries: readonly NewRevocation[]): Promise<void> {
  await database.transaction((trx) => insertRevocations(trx, entries, { newId: randomUUID, coverMs }))
  const lane = lanes.revocations
  const leadership = await database.transaction((trx) => takeOverLane(trx, lane, testInstallation))
  const { count } = await numberRows(database.kysely, lane, leadership, 10_000)
  assert.equal(count, entries.length)
  await sql`analyze revocations`.execute(database.kysely)
}

/** What a judge of tokens needs, by subject. */
async function readSnapshot(database: Database, packed = true) {
  const read = { entries: new Map<string, string>(), packed: new Map<string, string>() }
  for await (const item of getRevocationSnapshot({ database }, { packed }, new AbortController().signal)) {
    for (const pack of item.packed ?? [])
      for (const [subject, facts] of unpack(pack)) read.packed.set(subject, facts)
    for (const entry of item.entries ?? []) {
      const minTv = entry.type === 'USER' ? entry.minTokenVersion : ''
      const expires = entry.expiresAt ? Math.ceil(entry.expiresAt.getTime() / 1000) : ''
      read.entries.set(entry.subject, `${entry.type} ${expires} ${minTv}`)
    }
  }
  return read
}

function* unpack({ type, subjects, expiresSeconds, minTokenVersions }: PackedRevocations) {
  for (const [n, seconds] of expiresSeconds.entries()) {
    const hex = Buffer.from(subjects.subarray(16 * n, 16 * n + 16)).toString('hex')
    const subject = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    yield [subject, `${type} ${seconds} ${minTokenVersions[n] ?? ''}`] as const
  }
}

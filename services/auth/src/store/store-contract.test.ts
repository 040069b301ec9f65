import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { createTestDatabase } from '../../../../tools/parts/create-test-database.ts'
import { openModelInRealTime } from '../../../../tools/simulate/model-database/testing.ts'
import type { Origin } from '../domain/caller.ts'
import { AuthError } from '../domain/errors.ts'
import type { SessionId, UserId } from '../domain/ids.ts'
import type { Database } from './database.ts'
import { UniqueViolation } from './driver-errors.ts'
import { settleEpoch } from './epoch.ts'
import {
  deleteKeys,
  insertFirstKey,
  insertKey,
  lockKeys,
  type NewKey,
  readKeys,
  updateKeyLife,
} from './keys.ts'
import { isMigrated, migrate } from './migrate.ts'
import { testInstallation } from './outbox-testing.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'
import { findRequest, insertRequest } from './request-ids.ts'
import { makeSessionLookup } from './session-lookup.ts'
import {
  endSession,
  endUserSessions,
  insertSession,
  lockSession,
  type RefreshSecret,
  rotateSession,
} from './sessions.ts'
import { eraseUser, findAccount, insertUser, lockAccount, noteLogin, updateUser } from './users.ts'

const origin: Origin = { ip: '192.0.2.1', userAgent: 'test' }
const lifetimes = { idleMs: 60_000, maxMs: 90_000 }
const makeSecret = (): RefreshSecret => ({
  tokenHash: randomBytes(32),
  nonce: randomBytes(32),
  derivationKeyId: 'aabbccdd',
})

const toLookedUp = (claims: { sid: string; sub: string; tv: number }) => ({
  keyId: 'key',
  claims: { jti: randomUUID(), iat: 1, ...claims },
})

const postgres = await createTestDatabase()
const skip = 'skipReason' in postgres ? postgres.skipReason : false

describe('the store on PGlite', () => contract(() => openPglite({})))
describe('the store on the model of PostgreSQL', () => {
  const { database, model } = openModelInRealTime()
  contract(async () => database)
  after(() => assert.deepEqual(model.truth.unknownStatements, []))
})
describe('the store on PostgreSQL', { skip }, () => {
  if ('skipReason' in postgres) return
  after(() => postgres.close())
  contract(async () => openPostgres({ url: postgres.url, onError: () => undefined }))
})

function contract(open: () => Promise<Database>): void {
  let database: Database
  before(async () => {
    database = await open()
    await migrate(database)
    await database.transaction((trx) => settleEpoch(trx, testInstallation))
  })
  after(() => database.close())

  const addUser = async (username = `u${randomBytes(6).toString('hex')}`) => {
    const id = randomUUID() as UserId
    const user = { id, username, email: `${username}@Example.com`, displayName: 'D', passwordHash: 'h' }
    return await database.transaction((trx) => insertUser(trx, user))
  }
  const addSession = async (userId: UserId, secret = makeSecret()) => {
    const id = randomUUID() as SessionId
    const session = { id, userId, client: { clientId: 'web', deviceName: 'd' }, origin }
    const issue = await database.transaction((trx) => insertSession(trx, session, secret, lifetimes))
    return { id, issue, secret }
  }

  it('migrates once, whoever asks again', async () => {
    await Promise.all([migrate(database), migrate(database)])
    assert.equal(await isMigrated(database), true)
  })

  it('finds a user by id, username and e-mail in any case', async () => {
    const { id, username, email } = await addUser()
    const found = [
      await findAccount(database.kysely, { by: 'id', value: id }),
      await findAccount(database.kysely, { by: 'username', value: username.toUpperCase() }),
      await findAccount(database.kysely, { by: 'email', value: email.toLowerCase() }),
    ]
    for (const account of found) assert.equal(account?.id, id)
    assert.equal(found[0]?.version, 1)
    assert.ok(found[0]?.createdAt instanceof Date)
  })

  it('names the constraint that refused a row, inside a transaction too, and takes nothing of it', async () => {
    const { username } = await addUser()
    await assert.rejects(addUser(username), (error) => {
      assert.ok(error instanceof UniqueViolation)
      assert.equal(error.constraint, 'users_username_key')
      return true
    })
  })

  it('raises version and token version as it is told', async () => {
    const { id } = await addUser()
    const after1 = await database.transaction((trx) => updateUser(trx, id, { displayName: 'E' }, false))
    const after2 = await database.transaction((trx) => updateUser(trx, id, { roles: ['admin'] }, true))
    assert.deepEqual([after1.version, after1.tokenVersion], [2, 1])
    assert.deepEqual([after2.version, after2.tokenVersion, after2.roles], [3, 2, ['admin']])
  })

  it('keeps a tombstone of an erased user and frees its names', async () => {
    const { id, username } = await addUser()
    await database.transaction((trx) => noteLogin(trx, id, new Date()))
    const versions = await database.transaction((trx) => eraseUser(trx, id))
    assert.deepEqual(versions, { version: 2, tokenVersion: 2 })
    assert.equal(await findAccount(database.kysely, { by: 'id', value: id }), undefined)
    assert.equal(await database.transaction((trx) => lockAccount(trx, id, 'update')), undefined)
    const again = await addUser(username)
    assert.notEqual(again.id, id)
  })

  it('moves a refresh family by one generation, never past the absolute end', async () => {
    const { id: userId } = await addUser()
    const { id, issue, secret } = await addSession(userId)
    const next = makeSecret()
    const moved = await database.transaction((trx) => rotateSession(trx, id, next, origin, 10 * 60_000))
    assert.deepEqual(moved.absoluteExpiresAt, issue.absoluteExpiresAt)
    assert.deepEqual(moved.refreshExpiresAt, issue.absoluteExpiresAt)
    const locked = await database.transaction((trx) => lockSession(trx, id))
    assert.equal(locked?.session.generation, 2)
    assert.deepEqual(Buffer.from(locked?.session.previousTokenHash ?? []), Buffer.from(secret.tokenHash))
    assert.deepEqual(Buffer.from(locked?.session.nonce ?? []), Buffer.from(next.nonce))
    assert.ok((locked?.now.getTime() ?? 0) >= moved.issuedAt.getTime())
  })

  it('ends one session once, and all of a user but one', async () => {
    const { id: userId } = await addUser()
    const [kept, ended, other] = [
      await addSession(userId),
      await addSession(userId),
      await addSession(userId),
    ]
    assert.equal(await database.transaction((trx) => endSession(trx, ended.id)), true)
    assert.equal(await database.transaction((trx) => endSession(trx, ended.id)), false)
    await database.transaction((trx) => endUserSessions(trx, userId, kept.id))
    const lookup = makeSessionLookup(database, 'https://auth.test')
    const faults = await Promise.all(
      [kept, ended, other].map(async ({ id }) => {
        const token = toLookedUp({ sid: id, sub: userId, tv: 1 })
        return (await lookup.ask(token)).findFault(token)
      }),
    )
    assert.deepEqual(faults, [undefined, 'REVOKED', 'REVOKED'])
  })

  it('tells deleted before suspended before revoked, and a session of another user or none as revoked', async () => {
    const lookup = makeSessionLookup(database, 'https://auth.test')
    const { id: userId } = await addUser()
    const { id: sid } = await addSession(userId)
    const fault = async (claims: { sid: string; sub: string; tv: number }) => {
      const token = toLookedUp(claims)
      return (await lookup.ask(token)).findFault(token)
    }
    assert.equal(await fault({ sid, sub: userId, tv: 1 }), undefined)
    assert.equal(await fault({ sid, sub: userId, tv: 0 }), 'REVOKED')
    assert.equal(await fault({ sid, sub: (await addUser()).id, tv: 1 }), 'REVOKED')
    assert.equal(await fault({ sid: randomUUID(), sub: userId, tv: 1 }), 'REVOKED')
    assert.equal(await fault({ sid: randomUUID(), sub: randomUUID(), tv: 1 }), 'REVOKED')
    await database.transaction((trx) => updateUser(trx, userId, { status: 'SUSPENDED' }, true))
    assert.equal(await fault({ sid, sub: userId, tv: 0 }), 'USER_SUSPENDED')
    await database.transaction((trx) => eraseUser(trx, userId))
    assert.equal(await fault({ sid, sub: userId, tv: 0 }), 'USER_DELETED')
  })

  it('keeps the first key of a purpose when several instances make one', async () => {
    const makeKey = (): NewKey => ({
      id: randomBytes(4).toString('hex'),
      purpose: 'refresh',
      algorithm: 'HS256',
      publicJwk: undefined,
      sealed: randomBytes(8),
    })
    await Promise.all([1, 2, 3, 4].map(() => insertFirstKey(database.kysely, makeKey())))
    assert.equal(
      (await readKeys(database.kysely)).keys.filter(({ purpose }) => purpose === 'refresh').length,
      1,
    )
  })

  it('lets one key of a purpose be without a successor, and reads keys with an earlier clock than any of their next changes', async () => {
    const { asOf, keys } = await readKeys(database.kysely)
    const [first] = keys.filter(({ purpose }) => purpose === 'refresh')
    assert.ok(first && first.signsFrom.getTime() === first.createdAt.getTime())
    const next = { ...first, id: randomBytes(4).toString('hex') }
    const later = new Date(asOf.getTime() + 60_000)
    await assert.rejects(
      database.transaction((trx) => insertKey(trx, next, later)),
      UniqueViolation,
    )
    await database.transaction(async (trx) => {
      const locked = await lockKeys(trx)
      assert.ok(locked.asOf >= asOf)
      await updateKeyLife(trx, { ...first, retiredAt: later })
      await insertKey(trx, next, later)
    })
    const after = (await readKeys(database.kysely)).keys.filter(({ purpose }) => purpose === 'refresh')
    assert.deepEqual(
      after.map(({ id, signsFrom, retiredAt }) => [id, signsFrom, retiredAt]),
      [
        [first.id, first.signsFrom, later],
        [next.id, later, undefined],
      ],
    )
    await database.transaction((trx) => deleteKeys(trx, [next.id]))
    assert.equal((await readKeys(database.kysely)).keys.length, keys.length)
  })

  it('lets one transaction at a time change keys, and reading goes on', async () => {
    let inside = 0
    const change = () =>
      database.transaction(async (trx) => {
        await lockKeys(trx)
        inside += 1
        assert.equal(inside, 1)
        await lockKeys(trx)
        inside -= 1
      })
    await Promise.all([change(), change(), change(), readKeys(database.kysely), change()])
  })

  it('takes a request id once', async () => {
    const { id: userId } = await addUser()
    const requestId = randomUUID()
    const request = { fingerprint: randomBytes(32), userId }
    await database.transaction((trx) => insertRequest(trx, requestId, request))
    assert.deepEqual((await findRequest(database.kysely, requestId))?.userId, userId)
    await assert.rejects(
      database.transaction((trx) => insertRequest(trx, requestId, request)),
      UniqueViolation,
    )
  })

  it('leaves nothing of a transaction that failed', async () => {
    const id = randomUUID() as UserId
    const name = `u${randomBytes(6).toString('hex')}`
    const user = { id, username: name, email: `${name}@example.com`, displayName: 'D', passwordHash: 'h' }
    const work = database.transaction(async (trx) => {
      await insertUser(trx, user)
      throw new AuthError('USERNAME_TAKEN')
    })
    await assert.rejects(work, AuthError)
    assert.equal(await findAccount(database.kysely, { by: 'id', value: id }), undefined)
  })
}

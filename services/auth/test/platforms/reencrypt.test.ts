import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createTestDatabase } from '../../../../tools/parts/create-test-database.ts'
import { sharedPostgres } from '../../../../tools/parts/shared-postgres.ts'
import { listAudited } from '../list-audited.ts'
import { openTestAuth, type TestAuth } from '../open-test-auth.ts'
import { runAuthctl } from '../run-authctl.ts'
import { connectPerson } from './connect-person.ts'
import { type MockPlatform, makePerson, openMockPlatform } from './open-mock-platform.ts'

const postgres = await sharedPostgres()
const [old, present] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]

describe('authctl keys reencrypt', { skip: 'skipReason' in postgres && postgres.skipReason }, () => {
  const stack = new AsyncDisposableStack()
  let twitch: MockPlatform
  let databaseUrl: string

  before(async () => {
    twitch = stack.use(await openMockPlatform('twitch', { rotates: true }))
    const database = await createTestDatabase()
    if ('skipReason' in database) throw new Error(database.skipReason)
    stack.defer(() => database.close())
    databaseUrl = database.url
  })
  after(() => stack.disposeAsync())

  const open = async (AUTH_MASTER_KEY: string) =>
    await openTestAuth({ databaseUrl, environment: { ...twitch.environment, AUTH_MASTER_KEY } })

  const reencrypt = async (AUTH_MASTER_KEY: string) => {
    const environment = { ...twitch.environment, DATABASE_URL: databaseUrl, AUTH_MASTER_KEY }
    const { code, stdout, stderr } = await runAuthctl(environment, '--json', 'keys', 'reencrypt')
    assert.equal(code, 0, stderr)
    const columns = JSON.parse(stdout) as { table: string; column: string; reencrypted: number }[]
    return new Map(columns.map(({ table, column, reencrypted }) => [`${table}.${column}`, reencrypted]))
  }

  async function connect(auth: TestAuth): Promise<string> {
    const person = await auth.signUp()
    twitch.person = makePerson()
    return (await connectPerson(auth, person.id, 'twitch')).id
  }

  test('moves everything to the first key while an instance serves, and afterwards the old key is not needed', async () => {
    await using serving = await open(`${old}, ${present}`)
    const ids = [await connect(serving), await connect(serving), await connect(serving)]
    const ownerIds = await Promise.all(Array.from({ length: 6 }, async () => (await serving.signUp()).id))
    // More than a batch.
    for (let at = 0; at < 110; at += 1) {
      const userId = ownerIds[at % ownerIds.length] ?? ''
      await serving.platforms.beginPlatformConnection({ userId, platform: 'twitch' })
    }
    const asked = (async () => {
      for (let round = 0; round < 40; round += 1) {
        const platformAccountId = ids[round % ids.length] ?? ''
        await serving.platforms.getPlatformAccessToken({ platformAccountId })
        await sql`update platform_accounts set access_expires_at = now() where id = ${platformAccountId}`.execute(
          serving.database.kysely,
        )
      }
    })()
    const done = await reencrypt(`${present} ${old}`)
    await asked
    assert.ok((done.get('keys.sealed') ?? 0) >= 3)
    assert.equal(done.get('platform_connections.sealed'), 110)
    assert.ok(done.has('platform_accounts.access_token') && done.has('platform_accounts.refresh_token'))
    // What the instance has sealed meanwhile, with the key that is first for it, is found by a second run.
    await reencrypt(`${present},${old}`)
    const again = await reencrypt(`${present},${old}`)
    assert.deepEqual([...again.values()], [0, 0, 0, 0, 0])
    assert.deepEqual(await listAudited(serving, 'key.reencrypt'), Array(3).fill('OPERATOR key.reencrypt'))
    await using fresh = await open(present)
    for (const platformAccountId of ids) await fresh.platforms.getPlatformAccessToken({ platformAccountId })
    const person = await fresh.signUp()
    await fresh.logIn(person)
  })

  test('a value that no key opens holds up no other, and is named', async () => {
    await using serving = await open(present)
    const [broken, whole] = [await connect(serving), await connect(serving)]
    await sql`update platform_accounts as into_row set access_token = from_row.access_token
      from platform_accounts as from_row where into_row.id = ${broken} and from_row.id = ${whole}`.execute(
      serving.database.kysely,
    )
    const next = randomBytes(32).toString('base64')
    const environment = {
      ...{ ...twitch.environment, DATABASE_URL: databaseUrl },
      AUTH_MASTER_KEY: `${next},${present}`,
    }
    const { code, stdout } = await runAuthctl(environment, 'keys', 'reencrypt')
    assert.equal(code, 1)
    assert.match(stdout, /platform_accounts +access_token +4 +1\n/)
    assert.match(stdout, new RegExp(`cannot be opened .*\n  platform \\S+ twitch ${broken} access_token`))
    await using fresh = await open(next)
    await fresh.platforms.getPlatformAccessToken({ platformAccountId: whole })
    await reencrypt(`${present},${next}`)
  })

  test('without the key of the signing keys it does not begin, and nothing is lost', async () => {
    const environment = {
      ...twitch.environment,
      DATABASE_URL: databaseUrl,
      AUTH_MASTER_KEY: randomBytes(32).toString('base64'),
    }
    const { code, stderr } = await runAuthctl(environment, 'keys', 'reencrypt')
    assert.equal(code, 1)
    assert.match(stderr, /cannot be opened with these master keys/)
    await using still = await open(present)
    await still.logIn(await still.signUp())
  })
})

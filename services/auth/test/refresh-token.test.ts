import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, credentials } from '@grpc/grpc-js'
import { makeGrpcClient } from '@immersiverse/auth-client/grpc'
import { AuthService, UserStatus } from '@immersiverse/auth-contract'
import { sql } from 'kysely'
import { countThefts, getFamily, passTime } from './families.ts'
import { assertRefused, getRefusal } from './refusals.ts'
import { describeOnStores } from './stores.ts'
import { getVerdict, readPayload, refresh } from './validations.ts'

const refused = ['UNAUTHENTICATED', 'INVALID_REFRESH_TOKEN'] as const
const graceSeconds = 10
/** Base64url follows, which may hold another underscore. */
const prefix = 'ivrt1_'

describeOnStores('RefreshToken', (context) => {
  const signIn = async () => {
    const person = await context.auth.signUp()
    return { person, tokens: await context.auth.logIn(person) }
  }
  const next = (refreshToken: string) => refresh(context.auth, refreshToken)
  const exchange = (refreshToken: string, clientId = '') =>
    context.auth.auth.refreshToken({ refreshToken, client: { clientId } })

  test('T1: the successor is new, its session the same, and both access tokens live until they end', async () => {
    const { tokens } = await signIn()
    const pair = await next(tokens.refreshToken)
    assert.equal(pair.sessionId, tokens.sessionId)
    assert.notEqual(pair.refreshToken, tokens.refreshToken)
    assert.notEqual(readPayload(pair.accessToken).jti, readPayload(tokens.accessToken).jti)
    for (const { accessToken } of [tokens, pair])
      assert.equal(await getVerdict(context.auth, accessToken), 'VALID')
  })

  test('T1: no token stands in the database', {
    skip: context.isModel && 'the model has no rows as text',
  }, async () => {
    const { tokens } = await signIn()
    const pair = await next(tokens.refreshToken)
    const { rows } = await sql<{ line: string }>`
      select whole::text as line from sessions as whole
      where id = ${tokens.sessionId}::uuid`.execute(context.auth.database.kysely)
    const line = rows[0]?.line ?? ''
    for (const { refreshToken } of [tokens, pair]) {
      assert.ok(!line.includes(refreshToken))
      assert.ok(!line.includes(Buffer.from(refreshToken).toString('hex')))
      // The 32 bytes in front of the MAC are the token's secret.
      const secret = Buffer.from(refreshToken.slice(prefix.length), 'base64url').subarray(-48, -16)
      assert.ok(!line.includes(secret.toString('hex')))
    }
  })

  test('T2 T6: a retry within the grace gives the same successor as often as asked, and moves nothing', async () => {
    const { tokens } = await signIn()
    const lost = await next(tokens.refreshToken)
    const before = await getFamily(context.auth, tokens.sessionId)
    for (let n = 0; n < 3; n += 1) {
      const again = await next(tokens.refreshToken)
      assert.equal(again.refreshToken, lost.refreshToken)
      assert.deepEqual(again.refreshExpiresAt, lost.refreshExpiresAt)
      assert.equal(await getVerdict(context.auth, again.accessToken), 'VALID')
    }
    assert.deepEqual(await getFamily(context.auth, tokens.sessionId), before)
    const audits = context.auth.logged.filter(({ message }) => /repeated within the grace/.test(message))
    assert.equal(audits.filter(({ facts }) => facts.sessionId === tokens.sessionId).length, 3)
    await next(lost.refreshToken)
  })

  test('T4 T8: the old token after the grace ends the family, every access token and is told once', async () => {
    const { person, tokens } = await signIn()
    const thief = await next(tokens.refreshToken)
    await passTime(context.auth, tokens.sessionId, graceSeconds)
    for (let n = 0; n < 3; n += 1) await assertRefused(exchange(tokens.refreshToken), ...refused)
    await assertRefused(exchange(thief.refreshToken), ...refused)
    for (const { accessToken } of [tokens, thief]) {
      assert.equal(await getVerdict(context.auth, accessToken), 'REVOKED')
    }
    assert.equal(await countThefts(context.auth, person.id, tokens.sessionId), 1)
  })

  test('T4: other sessions of the same person go on', async () => {
    const { person, tokens } = await signIn()
    const other = await context.auth.logIn(person)
    await next(tokens.refreshToken)
    await passTime(context.auth, tokens.sessionId, graceSeconds)
    await assertRefused(exchange(tokens.refreshToken), ...refused)
    await next(other.refreshToken)
  })

  test('T2 T4: within the grace the same successor is only for the program that has rotated', async () => {
    const { person, tokens } = await signIn()
    await next(tokens.refreshToken)
    const options = { 'grpc.primary_user_agent': 'thief/1.0' }
    const channel = new Client(context.auth.address, credentials.createInsecure(), options)
    const thief = makeGrpcClient(AuthService, channel)
    await assertRefused(thief.refreshToken({ refreshToken: tokens.refreshToken }), ...refused)
    channel.close()
    assert.equal(await countThefts(context.auth, person.id, tokens.sessionId), 1)
  })

  for (const clientId of ['web', 'another program']) {
    test(`T5: a token two generations old ends the family, within the grace too, shown by ${clientId}`, async () => {
      const { person, tokens } = await signIn()
      const second = await next(tokens.refreshToken)
      const third = await next(second.refreshToken)
      await assertRefused(exchange(tokens.refreshToken, clientId), ...refused)
      await assertRefused(exchange(third.refreshToken), ...refused)
      assert.equal(await countThefts(context.auth, person.id, tokens.sessionId), 1)
    })
  }

  test('T7: however often it is refreshed, the absolute end stays and nothing outlives it', async () => {
    const { tokens } = await signIn()
    const { absolute_expires_at: end } = await getFamily(context.auth, tokens.sessionId)
    let pair = tokens
    for (let n = 0; n < 5; n += 1) pair = await next(pair.refreshToken)
    assert.deepEqual((await getFamily(context.auth, tokens.sessionId)).absolute_expires_at, end)
    const daysLeft = (end.getTime() - Date.now()) / 86_400_000
    assert.ok(Math.abs(daysLeft - 90) < 0.01)
    await passTime(context.auth, tokens.sessionId, 90 * 86_400 - 120)
    // The idle end is past by now: it alone is pushed back.
    const { kysely } = context.auth.database
    const late = await getFamily(context.auth, tokens.sessionId)
    await kysely
      .updateTable('sessions')
      .set({ idle_expires_at: late.absolute_expires_at })
      .where('id', '=', tokens.sessionId)
      .execute()
    pair = await next(pair.refreshToken)
    const lastSecond = BigInt(Math.floor(late.absolute_expires_at.getTime() / 1000))
    assert.equal(pair.refreshExpiresAt?.seconds, lastSecond)
    assert.ok((pair.accessExpiresAt?.seconds ?? 0n) <= lastSecond)
  })

  test('T7: a token past its idle or its absolute end is refused without a theft', async () => {
    for (const days of [30, 90]) {
      const { person, tokens } = await signIn()
      await passTime(context.auth, tokens.sessionId, days * 86_400)
      await assertRefused(exchange(tokens.refreshToken), ...refused)
      assert.equal(await countThefts(context.auth, person.id, tokens.sessionId), 0)
    }
  })

  test('T9: a forged token changes nothing, whatever part of it was forged', async () => {
    const { person, tokens } = await signIn()
    const before = await getFamily(context.auth, tokens.sessionId)
    const text = tokens.refreshToken.slice(prefix.length)
    const bytes = Buffer.from(text, 'base64url')
    assert.equal(bytes.length, 88)
    for (let at = 0; at < bytes.length; at += 1) {
      const forged = Buffer.from(bytes)
      forged.writeUInt8(forged.readUInt8(at) ^ 1, at)
      await assertRefused(exchange(`${prefix}${forged.toString('base64url')}`), ...refused)
    }
    for (const forged of [
      '',
      text,
      `${tokens.refreshToken}A`,
      prefix,
      `${tokens.refreshToken}=`,
      'x'.repeat(600),
    ]) {
      await assertRefused(exchange(forged), ...refused)
    }
    assert.deepEqual(await getFamily(context.auth, tokens.sessionId), before)
    assert.equal(await countThefts(context.auth, person.id, tokens.sessionId), 0)
    await next(tokens.refreshToken)
  })

  test('a token of another program is refused, and the family goes on', async () => {
    const { tokens } = await signIn()
    await assertRefused(exchange(tokens.refreshToken, 'another program'), ...refused)
    assert.ok((await exchange(tokens.refreshToken, 'web')).tokens)
  })

  test('a generation above the row, as lost commits leave it, ends the family without a theft', async () => {
    const { person, tokens } = await signIn()
    const { sessionId } = tokens
    const before = await getFamily(context.auth, sessionId)
    const pair = await next(tokens.refreshToken)
    await context.auth.database.kysely
      .updateTable('sessions')
      .set(before)
      .where('id', '=', sessionId)
      .execute()
    await assertRefused(exchange(pair.refreshToken), ...refused)
    await assertRefused(exchange(tokens.refreshToken), ...refused)
    assert.equal(await getVerdict(context.auth, pair.accessToken), 'REVOKED')
    assert.equal(await countThefts(context.auth, person.id, sessionId), 0)
  })

  test('T11: every refusal is the same answer, byte for byte', async () => {
    const forged = await getRefusal(exchange('ivrt1_AAAA'))
    const ways: Record<string, (at: Awaited<ReturnType<typeof signIn>>) => Promise<unknown>> = {
      ended: ({ tokens }) =>
        context.auth.auth.logout({ token: { case: 'refreshToken', value: tokens.refreshToken } }),
      idle: ({ tokens }) => passTime(context.auth, tokens.sessionId, 31 * 86_400),
      stolen: async ({ tokens }) => {
        await next(tokens.refreshToken)
        await passTime(context.auth, tokens.sessionId, graceSeconds)
      },
      suspended: ({ person }) =>
        context.auth.users.updateUser({ userId: person.id, status: UserStatus.SUSPENDED }),
      deleted: ({ person }) => context.auth.users.deleteUser({ userId: person.id }),
      unknown: ({ tokens }) =>
        context.auth.database.kysely.deleteFrom('sessions').where('id', '=', tokens.sessionId).execute(),
    }
    for (const [name, spoil] of Object.entries(ways)) {
      const at = await signIn()
      await spoil(at)
      assert.deepEqual(await getRefusal(exchange(at.tokens.refreshToken)), forged, name)
    }
  })

  test('fields out of bounds are named', async () => {
    const client = { clientId: 'x'.repeat(65), deviceName: 'a\u0000' }
    const call = context.auth.auth.refreshToken({ refreshToken: 'x', client })
    const fields = ['client.client_id', 'client.device_name']
    await assertRefused(call, 'INVALID_ARGUMENT', 'INVALID_FIELD', fields)
  })
})
